import { describe, expect, it } from 'vitest';
import { colleagues, parseExtensions } from '../../../../studio-ui/src/features/phone/colleagues.ts';
import { dialRules } from '../../../../studio-ui/src/features/phone/dial-rules.ts';

const members = [
  { userId: 'me', name: 'Me', email: 'me@example.com' },
  { userId: 'anna', name: 'Anna', email: 'Anna@example.com' },
  { userId: 'ben', name: 'Ben', email: 'ben@example.com' },
  { userId: 'cleo', name: 'Cleo', email: 'cleo@example.com' },
];
const presences = [
  { userId: 'anna', status: 'away' },
  { userId: 'cleo', status: 'online' },
] as const;

describe('whom a call can be handed to', () => {
  it('is everybody else where the server reaches them, who is there first', () => {
    const found = colleagues({ members, presences, me: 'me', extensions: null });
    expect(found.map(({ userId, status }) => [userId, status])).toEqual([
      ['cleo', 'online'],
      ['anna', 'away'],
      ['ben', 'offline'],
    ]);
  });

  it('is only who has an extension at an exchange', () => {
    const extensions = [
      'anna@example.com = 201',
      'nonsense',
      'ben@example.com=*98',
      'x@y.z = not an extension',
    ];
    const found = colleagues({ members, presences, me: 'me', extensions });
    expect(found.map(({ userId, extension }) => [userId, extension])).toEqual([
      ['anna', '201'],
      ['ben', '*98'],
    ]);
    expect(parseExtensions('no list').size).toBe(0);
  });
});

describe('what may be dialled', () => {
  it('is read from the inbox’s settings, whatever is in them', () => {
    const settings = { countries: ['gb'], blockedPrefixes: ['+44900', 7], callersBack: false };
    expect(dialRules({ settings }, true)).toEqual({
      countries: ['GB'],
      blocked: ['+44900'],
      callersBack: false,
      country: 'GB',
      takesExtensions: true,
    });
    expect(dialRules({}, false)).toEqual({
      countries: [],
      blocked: [],
      callersBack: true,
      takesExtensions: false,
    });
    expect(dialRules({ settings: { countries: ['GB', 'DE'] } }, false).country).toBeUndefined();
  });
});
