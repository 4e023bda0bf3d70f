/** Every language says everything, and nothing on screen is said past the languages. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, type AST } from 'svelte/compiler';
import ts from 'typescript';
import { describe, expect, it, test } from 'vitest';
import { WIDGET_LANGUAGES } from '#channels/live_chat/appearance.ts';
import { fill, languages } from '../../../studio-ui/widget/language.ts';
import { allWords } from '../../../studio-ui/widget/words/all.ts';

const widget = path.join(import.meta.dirname, '../../../studio-ui/widget');

test('the inbox offers the languages that the widget speaks', () => {
  expect(Object.keys(WIDGET_LANGUAGES)).toEqual([...languages]);
});

describe.each(languages)('in %s', (language) => {
  const { launcher, frame } = allWords[language];

  it.each(['launcher', 'frame'] as const)('every key of the %s has words', (part) => {
    expect(Object.keys(allWords[language][part]).sort()).toEqual(Object.keys(allWords.en[part]).sort());
    for (const text of Object.values(allWords[language][part]).flatMap(textsOf))
      expect(text.trim()).not.toBe('');
  });

  it('a plural has its language’s categories and no other', () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const plurals = Object.values({ ...launcher, ...frame }).filter((entry) => typeof entry !== 'string');
    expect(plurals.length).toBeGreaterThan(0);
    for (const plural of plurals) expect(Object.keys(plural).sort()).toEqual([...categories].sort());
  });

  it('the places to fill are those of English', () => {
    const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
    const english: Record<string, unknown> = { ...allWords.en.launcher, ...allWords.en.frame };
    for (const [key, entry] of Object.entries({ ...launcher, ...frame })) {
      const expected = places(textsOf(english[key]).at(-1) ?? '');
      // A category of one number may leave the number to its words: "two messages".
      for (const text of textsOf(entry))
        expect(expected, `${key}: ${text}`).toEqual(expect.arrayContaining(places(text)));
      expect(places(textsOf(entry).at(-1) ?? ''), key).toEqual(expected);
    }
  });
});

test('languages other than English are not English', () => {
  for (const language of languages.filter((code) => code !== 'en')) {
    const same = Object.entries(allWords[language].frame).filter(
      ([key, text]) => text === Object.entries(allWords.en.frame).find(([other]) => other === key)?.[1],
    );
    // "Bot" and the like are words of many languages.
    expect(
      same.map(([, text]) => text).filter((text) => text.includes(' ')),
      language,
    ).toEqual([]);
    expect(same.length, language).toBeLessThan(9);
  }
});

test('counts choose the plural, and names are isolated where the text runs from right to left', () => {
  const say = (language: (typeof languages)[number], count: number) =>
    fill(language, allWords[language].launcher, 'openNews', { title: 'X', count });
  expect(say('en', 1)).toContain('1 new message');
  expect(say('en', 2)).toContain('2 new messages');
  expect([1, 2, 5, 22].map((count) => say('pl', count))).toEqual([
    expect.stringContaining('1 nowa wiadomość'),
    expect.stringContaining('2 nowe wiadomości'),
    expect.stringContaining('5 nowych wiadomości'),
    expect.stringContaining('22 nowe wiadomości'),
  ]);
  expect(say('ar', 2)).toContain('رسالتان جديدتان');
  expect(say('ar', 1)).toContain('\u2068X\u2069');
});

test('no template carries words of its own', () => {
  const found = sourcesIn('frame', '.svelte').flatMap(({ file, text }) => {
    const said: string[] = [];
    const note = (words: string): void =>
      void (/\p{L}{2}/u.test(words) && said.push(`${file}: ${words.trim()}`));
    walk(parse(text, { modern: true }).fragment, (node) => {
      if (node.type === 'Text') note(node.data);
      if (node.type === 'Literal' && sentence.test(String(node.value))) note(String(node.value));
      if (node.type !== 'Attribute' || !Array.isArray(node.value)) return;
      if (!spokenAttributes.has(node.name)) return;
      for (const piece of node.value) if (piece.type === 'Text') note(piece.data);
    });
    return said;
  });
  expect(found).toEqual([]);
});

test('no script carries a sentence, but for what developers read in the console', () => {
  const files = [
    ...sourcesIn('frame', '.svelte'),
    ...sourcesIn('frame', '.ts'),
    ...sourcesIn('loader', '.ts'),
  ];
  const found = files.flatMap(({ file, text }) => {
    const said: string[] = [];
    const visit = (node: ts.Node): void => {
      if (isForDevelopers(node)) return;
      const literal = ts.isStringLiteralLike(node)
        ? node.text
        : ts.isTemplateExpression(node)
          ? node.head.text
          : '';
      if (sentence.test(literal)) said.push(`${file}: ${literal}`);
      ts.forEachChild(node, visit);
    };
    for (const script of file.endsWith('.svelte') ? scriptsOf(text) : [text])
      visit(ts.createSourceFile(file, script, ts.ScriptTarget.Latest, true));
    return said;
  });
  expect(found).toEqual([]);
});

/** Begins like one; `Bearer ` is a header's. */
const sentence = /^(?!Bearer )\p{Lu}\p{Ll}+[ ,.’]/u;
/** Attributes whose text is read out or shown. */
const spokenAttributes = new Set([
  'aria-label',
  'aria-description',
  'title',
  'placeholder',
  'alt',
  'label',
  'value',
]);
type Node = AST.SvelteNode;

function walk(node: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(node)) return node.forEach((each) => walk(each, visit));
  if (typeof node !== 'object' || node === null) return;
  const isNode = 'type' in node && typeof node.type === 'string';
  if (isNode) visit(node as Node);
  // An attribute's plain text (`class`) is not on screen unless it is a spoken one; what it computes may be.
  const isAttribute = isNode && node.type === 'Attribute';
  for (const [key, child] of Object.entries(node)) {
    if (key === 'metadata') continue;
    walk(isAttribute && Array.isArray(child) ? child.filter(({ type }) => type !== 'Text') : child, visit);
  }
}

function isForDevelopers(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Error';
  return ts.isCallExpression(node) && node.expression.getText().startsWith('console.');
}

function sourcesIn(folder: string, ending: string): { file: string; text: string }[] {
  return readdirSync(path.join(widget, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => ({
      file: `${folder}/${name}`,
      text: readFileSync(path.join(widget, folder, name), 'utf8'),
    }));
}

function scriptsOf(svelte: string): string[] {
  return [...svelte.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '');
}

function textsOf(entry: unknown): string[] {
  return typeof entry === 'string' ? [entry] : Object.values(entry as Record<string, string>);
}
