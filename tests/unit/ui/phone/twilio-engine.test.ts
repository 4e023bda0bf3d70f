/**
 * The mapping between Twilio's device and the softphone, with a device of our own making behind the engine's small interface. What the
 * SDK does with the network, the microphone and the sound isn't tried here: that needs Twilio.
 */
import { describe, expect, it, vi } from 'vitest';
import {
  MicFailure,
  type Leg,
  type LegEvent,
  type LineReport,
  type Sound,
} from '../../../../studio-ui/src/features/phone/engine.ts';
import {
  createTwilioEngine,
  lineProblem,
  twilioEnd,
  type TwilioCall,
  type TwilioDevice,
} from '../../../../studio-ui/src/features/phone/twilio-engine.ts';

type Listeners = Map<string, (...args: unknown[]) => void>;
function fakeCall(parameters: Record<string, string> = {}, custom: Record<string, string> = {}) {
  const listeners: Listeners = new Map();
  const did: string[] = [];
  const call: TwilioCall = {
    parameters,
    customParameters: new Map(Object.entries(custom)),
    on: (event, listener) => listeners.set(event, listener as (...args: unknown[]) => void),
    accept: () => did.push('accept'),
    reject: () => did.push('reject'),
    disconnect: () => did.push('disconnect'),
    mute: (isMuted) => did.push(`mute ${isMuted}`),
    sendDigits: (digits) => did.push(`digits ${digits}`),
  };
  return { call, did, say: (event: string, ...args: unknown[]) => listeners.get(event)?.(...args) };
}
function bench(options: { micFailure?: MicFailure; renewals?: (string | Error)[] } = {}) {
  const listeners: Listeners = new Map();
  const did: string[] = [];
  const lines: LineReport[] = [];
  const offered: Leg[] = [];
  const registerFailures: Error[] = [];
  const outgoing = fakeCall();
  const renewals = [...(options.renewals ?? ['token-2'])];
  const device: TwilioDevice = {
    on: (event, listener) => listeners.set(event, listener as (...args: unknown[]) => void),
    async register() {
      did.push('register');
      const failure = registerFailures.shift();
      if (failure) throw failure;
    },
    async connect({ params }) {
      did.push(`connect ${JSON.stringify(params)}`);
      return outgoing.call;
    },
    updateToken: (token) => did.push(`token ${token}`),
    destroy: () => did.push('destroy'),
    useMicrophone: async (deviceId) => void did.push(`microphone ${deviceId}`),
    useSpeaker: async (deviceId) => void did.push(`speaker ${deviceId}`),
  };
  const sound: Sound = {
    async openMicrophone() {
      if (options.micFailure) throw options.micFailure;
      return {
        getAudioTracks: () => [{ getSettings: () => ({ deviceId: 'headset' }) }],
      } as unknown as MediaStream;
    },
    closeMicrophone: () => undefined,
    speakerId: () => 'desk',
  };
  const engine = createTwilioEngine({
    token: 'token-1',
    createDevice(token) {
      did.push(`device ${token}`);
      return device;
    },
    async renew() {
      const next = renewals.shift() ?? 'token-n';
      if (next instanceof Error) throw next;
      return next;
    },
    sound,
  });
  const start = () =>
    engine.start({ line: (line) => lines.push(line), incoming: (leg) => offered.push(leg) });
  return {
    engine,
    start,
    did,
    lines,
    offered,
    outgoing,
    registerFailures,
    say: (event: string, ...args: unknown[]) => listeners.get(event)?.(...args),
  };
}
const heard = (leg: Leg | undefined): LegEvent[] => {
  const events: LegEvent[] = [];
  leg?.listen((event) => events.push(event));
  return events;
};

describe('the Twilio engine', () => {
  it('registers, and says how the line is', () => {
    const { start, did, lines, say } = bench();
    start();
    say('registering');
    say('registered');
    say('error', { code: 31005, message: 'gateway' });
    say('error', { code: 20104, message: 'expired' });
    expect(did).toEqual(['device token-1', 'register']);
    expect(lines).toMatchObject([
      { state: 'connecting' },
      { state: 'ready' },
      { state: 'lost', reason: 'Twilio says: gateway (31005).' },
      { state: 'refused', needsSession: true },
    ]);
  });

  it('registers again after a failure and after a drop, and not once it is stopped', async () => {
    vi.useFakeTimers();
    try {
      const { engine, start, did, lines, registerFailures, say } = bench();
      registerFailures.push(new Error('no network'));
      start();
      await vi.advanceTimersByTimeAsync(1_500);
      expect(lines.at(-1)?.state).toBe('lost');
      expect(did.filter((act) => act === 'register')).toHaveLength(2);
      say('registered');
      say('unregistered');
      await vi.advanceTimersByTimeAsync(1_500);
      expect(did.filter((act) => act === 'register')).toHaveLength(3);
      say('unregistered');
      engine.stop();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(did.filter((act) => act === 'register')).toHaveLength(3);
      expect(did.at(-1)).toBe('destroy');
    } finally {
      vi.useRealTimers();
    }
  });

  it('asks for a new token before the old one ends, again where that fails', async () => {
    vi.useFakeTimers();
    try {
      const { start, did, say } = bench({ renewals: [new Error('offline'), 'token-2'] });
      start();
      say('tokenWillExpire');
      await vi.advanceTimersByTimeAsync(0);
      expect(did).not.toContain('token token-2');
      await vi.advanceTimersByTimeAsync(10_000);
      expect(did).toContain('token token-2');
    } finally {
      vi.useRealTimers();
    }
  });

  it('offers a call with what the server sent along, and takes it with the chosen microphone', async () => {
    const { start, did, offered, say } = bench();
    start();
    const {
      call,
      did: acts,
      say: calls,
    } = fakeCall(
      { CallSid: 'CA1', From: '+442079460000' },
      { callId: 'c-1', conversationId: 'v-1', name: 'Ada' },
    );
    say('incoming', call);
    const [leg] = offered;
    expect(leg).toMatchObject({
      ref: 'CA1',
      control: null,
      party: { number: '+442079460000', name: 'Ada' },
      params: { callId: 'c-1', conversationId: 'v-1' },
    });
    const events = heard(leg);
    await leg?.answer();
    calls('accept');
    calls('mute', true);
    leg?.digit('5');
    leg?.hangUp();
    calls('disconnect');
    expect(did).toContain('microphone headset');
    expect(acts).toEqual(['accept', 'digits 5', 'disconnect']);
    expect(events).toEqual([
      { kind: 'connected' },
      { kind: 'muted', isMuted: true },
      { kind: 'ended', end: { reason: 'completed' } },
    ]);
  });

  it('lets it ring on without a microphone, and says once that it is over', async () => {
    const { start, offered, say } = bench({ micFailure: new MicFailure('denied', 'No.') });
    start();
    const { call, did: acts, say: calls } = fakeCall({ CallSid: 'CA1' });
    say('incoming', call);
    const events = heard(offered[0]);
    await expect(offered[0]?.answer()).rejects.toThrow('No.');
    expect(acts).toEqual([]);
    calls('cancel');
    calls('disconnect');
    expect(events).toEqual([{ kind: 'ended', end: { reason: 'missed' } }]);
  });

  it('declines for itself only', () => {
    const { start, offered, say } = bench();
    start();
    const { call, did: acts, say: calls } = fakeCall();
    say('incoming', call);
    const events = heard(offered[0]);
    offered[0]?.decline('declined');
    calls('reject');
    offered[0]?.decline('declined');
    expect(acts).toEqual(['reject']);
    expect(events).toEqual([{ kind: 'ended', end: { reason: 'declined' } }]);
  });

  it('dials with the ticket’s parameters, on the chosen devices, and loses no early event', async () => {
    const { engine, start, did, outgoing } = bench();
    start();
    const leg = await engine.place('ignored', { ticket: 't-1' });
    outgoing.say('ringing');
    outgoing.say('accept');
    expect(did).toEqual([
      'device token-1',
      'register',
      'microphone headset',
      'speaker desk',
      'connect {"ticket":"t-1"}',
    ]);
    expect(heard(leg)).toEqual([{ kind: 'ringing' }, { kind: 'connected' }]);
  });

  it.each([
    [null, true, 'completed'],
    [null, false, 'cancelled'],
    [31486, false, 'busy'],
    [31480, false, 'no_answer'],
    [31603, false, 'declined'],
    [31208, false, 'failed'],
    [53000, true, 'connection_lost'],
    [31000, false, 'failed'],
  ] as const)('code %s, connected %s: %s', (code, wasConnected, reason) => {
    const problem = code === null ? null : { code, message: '' };
    expect(twilioEnd(problem, wasConnected).reason).toBe(reason);
  });

  it('asks for a new session only where the token is the trouble', () => {
    expect(lineProblem({ code: 31204, message: '' }).needsSession).toBe(true);
    expect(lineProblem({ code: 53405, message: '' }).needsSession).toBeUndefined();
  });
});
