/** Faults on demand, in Meta's own words for each product. */
import type { SandboxFault } from '../../sandbox-contract.ts';
import { GraphRefusal } from './answers.ts';
import type { Account } from './world.ts';

const EVERY_CALL = new Set<SandboxFault['kind']>(['token_expired', 'permission_revoked']);

/** The next fault that meets this call, counted down. */
export function takeFault(account: Account, isSend: boolean): SandboxFault | undefined {
  const fault = account.faults.find(({ kind, times }) => times > 0 && (isSend || EVERY_CALL.has(kind)));
  if (fault) fault.times -= 1;
  return fault;
}

/** @throws GraphRefusal unless the fault shows itself later (no answer; WhatsApp's refusals come by status) */
export function refuseBy(account: Account, { kind, retryAfterSeconds = 1 }: SandboxFault): void {
  switch (kind) {
    case 'rate_limited':
      throw rateLimited(account, retryAfterSeconds);
    case 'server_error':
      throw new GraphRefusal(2, 'An unexpected error has occurred. Please retry your request later.', {
        status: 503,
        transient: true,
      });
    case 'token_expired':
      throw new GraphRefusal(
        190,
        'Error validating access token: Session has expired on Sunday, 22-Nov-26 10:00:00 PST. The current time is Sunday, 22-Nov-26 12:00:00 PST.',
        { status: 401, subcode: 463 },
      );
    case 'permission_revoked':
      throw new GraphRefusal(200, '(#200) Permissions error', { status: 403 });
    case 'window_closed':
      if (account.kind !== 'number') throw windowClosed(account);
      return;
    case 'contact_unreachable':
      if (account.kind !== 'number') throw unreachable(account);
      return;
    case 'no_answer':
  }
}

export function windowClosed(account: Account): GraphRefusal {
  return account.kind === 'instagram'
    ? new GraphRefusal(10, '(#10) This message is sent outside of allowed window.', { subcode: 2_534_022 })
    : new GraphRefusal(
        10,
        '(#10) This message is sent outside of allowed window. Learn more about the new policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview',
        { subcode: 2_018_278 },
      );
}
export function unreachable(account: Account): GraphRefusal {
  return account.kind === 'instagram'
    ? new GraphRefusal(100, 'The requested user cannot be found.', { subcode: 2_534_014 })
    : new GraphRefusal(551, "(#551) This person isn't available right now.", { subcode: 1_545_041 });
}

/** The wait is in the usage header, in whole minutes; a shorter one only in Retry-After, which helps tests. */
function rateLimited(account: Account, seconds: number): GraphRefusal {
  const usage = {
    [account.id]: [
      {
        type: account.kind === 'number' ? 'whatsapp' : account.kind === 'page' ? 'messenger' : 'instagram',
        call_count: 100,
        total_cputime: 25,
        total_time: 25,
        estimated_time_to_regain_access: Math.floor(seconds / 60),
      },
    ],
  };
  const headers = {
    'x-business-use-case-usage': JSON.stringify(usage),
    'x-app-usage': JSON.stringify({ call_count: 100, total_time: 25, total_cputime: 25 }),
    'retry-after': String(seconds),
  };
  if (account.kind === 'number')
    return new GraphRefusal(80_007, '(#80007) The WhatsApp Business Account has reached its rate limit.', {
      status: 429,
      headers,
    });
  return account.kind === 'page'
    ? new GraphRefusal(613, '(#613) Calls to this api have exceeded the rate limit.', {
        status: 429,
        headers,
      })
    : new GraphRefusal(4, '(#4) Application request limit reached', { status: 403, headers });
}
