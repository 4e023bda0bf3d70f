import { describe, expect, it } from 'vitest';
import { registrationWords, sipEnd } from '../../../../studio-ui/src/features/phone/sip-words.ts';

describe('how a SIP call ended', () => {
  it.each([
    ['Busy', 'remote', 486, 'busy'],
    ['Rejected', 'remote', 603, 'declined'],
    ['Rejected', 'remote', 403, 'failed'],
    ['Unavailable', 'remote', 480, 'no_answer'],
    ['Not Found', 'remote', 404, 'failed'],
    ['Canceled', 'local', undefined, 'cancelled'],
    ['No Answer', 'local', undefined, 'no_answer'],
    ['Connection Error', 'system', undefined, 'failed'],
    ['SIP Failure Code', 'remote', 487, 'cancelled'],
  ])('ours, unanswered: %s by %s (%s) → %s', (cause, originator, statusCode, reason) => {
    expect(sipEnd({ cause, originator, statusCode }, 'out', false).reason).toBe(reason);
  });

  it.each([
    ['Canceled', 'remote', undefined, 'missed'],
    ['Canceled', 'remote', 'SIP;cause=200;text="Call completed elsewhere"', 'answered_elsewhere'],
    ['Canceled', 'remote', 'SIP ;cause=487', 'missed'],
    ['No Answer', 'local', undefined, 'missed'],
    ['Rejected', 'local', undefined, 'declined'],
    ['WebRTC Error', 'system', undefined, 'failed'],
  ])('theirs, unanswered: %s by %s (%s) → %s', (cause, originator, reason, expected) => {
    expect(sipEnd({ cause, originator, reason }, 'in', false).reason).toBe(expected);
  });

  it('answered calls are completed, or lost by the network', () => {
    expect(sipEnd({ cause: 'Terminated', originator: 'remote' }, 'in', true)).toEqual({
      reason: 'completed',
    });
    expect(sipEnd({ cause: 'RTP Timeout', originator: 'system' }, 'out', true)).toEqual({
      reason: 'connection_lost',
    });
  });

  it('keeps the exchange’s own code', () => {
    expect(sipEnd({ cause: 'Not Found', originator: 'remote', statusCode: 404 }, 'out', false)).toEqual({
      reason: 'failed',
      code: '404',
    });
  });

  it('says why a line isn’t there', () => {
    expect(registrationWords('Authentication Error', 401)).toContain('password');
    expect(registrationWords('Rejected', 403)).toContain('403');
    expect(registrationWords('Request Timeout', undefined)).toContain('doesn’t answer');
  });
});
