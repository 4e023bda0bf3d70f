import { describe, expect, it } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import { messageWindow, type WindowFacts } from '#domain/window.ts';
import { reachOf } from '../../../studio-ui/src/features/conversations/reach.ts';

const now = Date.UTC(2026, 2, 12, 10);
const HOUR = 3_600_000;
const agoHours = (hours: number): Date => new Date(now - hours * HOUR);

function reach(type: keyof typeof definitions, facts: WindowFacts, isComments = false, laterMs = 0) {
  const { capabilities, title } = definitions[type];
  const window = messageWindow(capabilities.window ?? { kind: 'none' }, facts, new Date(now));
  return reachOf(window, capabilities.window, title, now + laterMs, isComments);
}

describe('the message window in words', () => {
  it('says nothing where the channel has none', () => {
    expect(reach('sms', { lastInAt: null })).toMatchObject({ isOpen: true, short: null });
    expect(reach('facebook_page', { lastInAt: agoHours(900) }, true)).toMatchObject({
      isOpen: true,
      short: null,
    });
  });

  it('says when it closes, urgently in the last two hours', () => {
    expect(reach('whatsapp', { lastInAt: agoHours(4) })).toMatchObject({
      isOpen: true,
      short: 'closes in 20 h',
      isUrgent: false,
    });
    expect(reach('whatsapp', { lastInAt: agoHours(23) })).toMatchObject({
      short: 'closes in 1 h',
      isUrgent: true,
    });
  });

  it('closes by the clock although the server said open some time ago', () => {
    const late = reach('whatsapp', { lastInAt: agoHours(23) }, false, 2 * HOUR);
    expect(late).toMatchObject({ isOpen: false, short: 'closed until the customer writes' });
    expect(late.says).toContain('that was over 1 h ago');
  });

  it('closed, it says why and what can be done', () => {
    const closed = reach('whatsapp', { lastInAt: agoHours(30) });
    expect(closed).toMatchObject({ isOpen: false, takesTemplates: true });
    expect(closed.says).toMatch(
      /24 h .* over 6 h ago\. It opens when they write, or you send an approved template\./,
    );
    const never = reach('messenger', { lastInAt: null });
    expect(never).toMatchObject({ isOpen: false, takesTemplates: false });
    expect(never.says).toContain('hasn’t written yet');
    expect(never.says).not.toContain('template');
  });

  it('counts messages where the channel does', () => {
    const facts = (sentSinceLastIn: number) => ({ lastInAt: agoHours(1), sentSinceLastIn });
    expect(reach('tiktok', facts(3))).toMatchObject({
      short: '7 of 10 left, closes in 1 d 23 h',
      isUrgent: false,
    });
    expect(reach('tiktok', facts(8)).isUrgent).toBe(true);
    const used = reach('tiktok', facts(10));
    expect(used.isOpen).toBe(false);
    expect(used.says).toContain('The 10 messages that TikTok allows');
  });

  it('lets people write longer where the provider allowed it', () => {
    const facts = { lastInAt: agoHours(48), humanAgent: true };
    expect(reach('messenger', facts)).toMatchObject({ isOpen: true, short: 'people only, 5 d more' });
    expect(reach('messenger', { ...facts, humanAgent: false }).isOpen).toBe(false);
    expect(reach('messenger', { ...facts, lastInAt: agoHours(169) }).isOpen).toBe(false);
  });
});
