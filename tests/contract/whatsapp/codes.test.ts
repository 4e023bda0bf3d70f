/** Every code of WhatsApp's own in our kinds: the same whether a call is refused or a message fails later. */
import { expect, test } from 'vitest';
import type { SendFailureKind } from '#domain/channel.ts';
import { graphError } from '#channels/meta/errors.ts';
import { statusError, whatsappKindOf } from '#channels/whatsapp/codes.ts';

const expected: Record<SendFailureKind, number[]> = {
  window_closed: [131_047],
  contact_unreachable: [131_026, 131_030, 130_497],
  retry_after: [4, 80_007, 130_429, 131_000, 131_016, 131_048, 131_056, 131_057, 133_004],
  reauthorize: [10, 33, 190, 200, 368, 131_005, 131_031, 131_037, 131_045, 133_010],
  permanent: [
    100, 130_472, 131_008, 131_009, 131_021, 131_042, 131_049, 131_050, 131_051, 131_052, 131_053, 131_062,
    132_000, 132_001, 132_005, 132_007, 132_012, 132_015, 132_016, 132_068, 132_069, 135_000,
  ],
  no_answer: [],
  not_sent: [],
};

test.each(Object.entries(expected).flatMap(([kind, codes]) => codes.map((code) => [code, kind] as const)))(
  '%i is %s',
  (code, kind) => {
    const body = { error: { message: `(#${code}) as Meta says`, code } };
    const refused = graphError(body, 400, {}, { kindOf: whatsappKindOf });
    expect(refused).toMatchObject({ kind, providerCode: String(code) });
    expect(refused.message).toContain(`(#${code}) as Meta says`);
    expect(statusError({ code, title: 'T' })).toMatchObject({ kind, providerCode: String(code) });
  },
);

test('a status keeps title, message and details, each once', () => {
  const error = {
    code: 131_026,
    title: 'Undeliverable',
    message: 'Undeliverable',
    error_data: { details: 'Why' },
  };
  expect(statusError(error)?.message).toBe('Meta: Undeliverable — Why');
});

test('a failure without a reason says so', () => {
  expect(statusError(undefined)).toEqual({
    kind: 'permanent',
    message: 'WhatsApp could not deliver the message and gave no reason.',
  });
});
