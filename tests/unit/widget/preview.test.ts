import { describe, expect, it } from 'vitest';
import { liveChatSettingsSchema } from '#channels/live_chat/definition.ts';
import { stubSnippet } from '../../../studio-ui/src/features/ring/live-chat/developer-snippets.ts';
import { newQuestion, optionsFrom } from '../../../studio-ui/src/features/ring/live-chat/questions.ts';
import { play, SCENES, type Scene } from '../../../studio-ui/src/features/ring/live-chat/scenes.ts';

const now = new Date('2026-03-02T10:00:00Z');
const settings = liveChatSettingsSchema.parse({ title: 'Ask us' });
const shown = (scene: Scene) => ({ scene, language: 'setting', theme: 'setting' }) as const;

describe('the settings’ preview', () => {
  it('plays each scene with the settings as they are', () => {
    for (const scene of Object.keys(SCENES) as Scene[]) {
      const { config, frame } = play('inbox', settings, shown(scene), now);
      expect(config.title).toBe('Ask us');
      expect(frame.facts.title).toBe('Ask us');
      expect(frame.state?.preChat).toBe(scene === 'questions' ? 'ask' : 'done');
      expect(frame.state?.hours?.open ?? true).toBe(scene !== 'away');
      expect(frame.offline).toBe(scene === 'offline');
    }
    // Questions that aren't asked yet can be looked at nevertheless.
    expect(play('inbox', settings, shown('questions'), now).frame.facts.preChat?.fields).toHaveLength(2);
  });

  it('takes a half-typed colour for none, and says away hours as they are', () => {
    expect(play('inbox', { ...settings, accentColor: '#12' }, shown('welcome'), now).config.accentColor).toBe(
      '#4f46e5',
    );
    const hours = { ...settings.hours, enabled: true, timeZone: 'UTC' };
    const { frame } = play('inbox', { ...settings, hours }, shown('away'), new Date('2026-03-07T10:00:00Z'));
    expect(frame.state?.hours?.opensAt).toBe('2026-03-09T09:00:00.000Z');
  });
});

describe('questions as they are edited', () => {
  it('get keys of their own, and every one of them is valid', () => {
    const first = newQuestion([], 'text');
    const second = newQuestion([first], 'text');
    const fields = [first, second, newQuestion([], 'email'), newQuestion([], 'choice')];
    expect(second.key).not.toBe(first.key);
    expect(liveChatSettingsSchema.safeParse({ preChat: { enabled: true, fields } }).success).toBe(true);
  });

  it('keep the id and the other languages of an answer whose words stay', () => {
    const field = newQuestion([], 'choice');
    const known = { id: 'an_order', label: { en: 'An order', de: 'Eine Bestellung' } };
    const options = optionsFrom({ ...field, options: [known] }, 'An order\n\nReturns\nreturns!\n日本語');
    expect(options[0]).toEqual(known);
    expect(new Set(options.map(({ id }) => id)).size).toBe(4);
  });
});

it('the documented stub keeps calls in order, and stops what it was told to stop', () => {
  const page: { Teloring?: Record<string, (...given: unknown[]) => unknown> & { q: [string, unknown[]][] } } =
    {};
  const script = stubSnippet().replaceAll(/<\/?script>/g, '');
  // The very text that a website pastes, run as a page would.
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  new Function('window', `with (window) { ${script} }`)(page);
  const stop = page.Teloring?.['on']?.('opened', 'a handler');
  page.Teloring?.['open']?.('Hello');
  if (typeof stop === 'function') (stop as () => void)();
  expect(page.Teloring?.q.map(([name]) => name)).toEqual(['on', 'open', 'off']);
});
