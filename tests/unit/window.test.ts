import { describe, expect, it } from 'vitest';
import { messageWindow } from '#domain/window.ts';

const day = { kind: 'hours', hours: 24 } as const;
describe('messageWindow', () => {
  it('is always open without a rule', () => {
    expect(messageWindow({ kind: 'none' }, { lastInAt: null }, new Date())).toEqual({ open: true });
  });
  it('is closed until the contact has written', () => {
    expect(messageWindow(day, { lastInAt: null }, new Date())).toEqual({ open: false });
  });
  it('closes when its hours are over', () => {
    const lastIn = '2025-01-15T12:00:00.000Z';
    const closesAt = '2025-01-16T12:00:00.000Z';
    expect(messageWindow(day, { lastInAt: lastIn }, '2025-01-16T11:59:59.999Z')).toEqual({
      open: true,
      closesAt,
    });
    expect(messageWindow(day, { lastInAt: new Date(lastIn) }, new Date(closesAt))).toEqual({
      open: false,
      closesAt,
    });
  });
});
