/** The sources as the architecture tests read them: files, and what each imports by value or as types only. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const root = path.join(import.meta.dirname, '../..');

export interface Import {
  /** As written. */
  specifier: string;
  /** Repository path where it is ours, else the package's name (`node:fs` as `node:`). */
  target: string;
  typeOnly: boolean;
}
export interface SourceFile {
  /** Repository path with forward slashes. */
  file: string;
  text: string;
  imports: Import[];
}

const folders = [
  'workflows',
  'activities',
  'channels',
  'db',
  'api',
  'studio-ui/src',
  'studio-ui/widget',
  'tests',
];
const aliases: Record<string, string> = {
  '#domain/': 'workflows/domain/',
  '#workflows/': 'workflows/',
  '#channels/': 'channels/',
  '#db/': 'db/',
  '#activities/': 'activities/',
};

let cached: SourceFile[] | null = null;
export function sources(): SourceFile[] {
  cached ??= folders.flatMap((folder) => filesBelow(folder)).map(read);
  return cached;
}

export function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|svelte)$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => !file.includes('node_modules') && !file.includes('/dist'));
}

function read(file: string): SourceFile {
  const text = readFileSync(path.join(root, file), 'utf8');
  const script = file.endsWith('.svelte') ? scriptsOf(text) : text;
  const parsed = ts.createSourceFile(file, script, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push(toImport(file, node.moduleSpecifier.text, isTypeOnly(node)));
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      imports.push(toImport(file, node.moduleSpecifier.text, node.isTypeOnly));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) imports.push(toImport(file, argument.text, false));
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return { file, text: script, imports };
}

function isTypeOnly(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  if (clause.name || !clause.namedBindings || !ts.isNamedImports(clause.namedBindings)) return false;
  const { elements } = clause.namedBindings;
  return elements.length > 0 && elements.every((element) => element.isTypeOnly);
}

function scriptsOf(svelte: string): string {
  return [...svelte.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '').join('\n');
}

function toImport(file: string, specifier: string, typeOnly: boolean): Import {
  if (specifier.startsWith('.')) {
    return {
      specifier,
      target: path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)),
      typeOnly,
    };
  }
  const alias = Object.keys(aliases).find((prefix) => specifier.startsWith(prefix));
  if (alias) return { specifier, target: (aliases[alias] ?? '') + specifier.slice(alias.length), typeOnly };
  if (specifier.startsWith('node:')) return { specifier, target: specifier, typeOnly };
  const [scope, name] = specifier.split('/');
  return {
    specifier,
    target: specifier.startsWith('@') ? `${scope}/${name}` : (scope ?? specifier),
    typeOnly,
  };
}
