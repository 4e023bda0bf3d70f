/** An engine and a server that the tests play: what the softphone does with them is what is tried. */
import { ApiFailure } from '../../../../studio-ui/src/lib/api/client.ts';
import type {
  PhoneReportBody,
  PlacedCall,
  VoiceCall,
  VoiceSession,
} from '../../../../studio-ui/src/lib/api/voice-types.ts';
import type { Engine, Leg, LegEvent, LineReport } from '../../../../studio-ui/src/features/phone/engine.ts';
import type { PhoneState } from '../../../../studio-ui/src/features/phone/phone-state.ts';
import { createSoftphone, type Softphone } from '../../../../studio-ui/src/features/phone/softphone.ts';

export interface FakeLeg extends Leg {
  did: string[];
  say(event: LegEvent): void;
  /** What `answer` throws. */
  answerFailure: Error | null;
}
export function fakeLeg(
  given: {
    ref?: string;
    number?: string;
    name?: string;
    isServers?: boolean;
    params?: Record<string, string>;
  } = {},
): FakeLeg {
  let listener: (event: LegEvent) => void = () => undefined;
  const did: string[] = [];
  const leg: FakeLeg = {
    did,
    answerFailure: null,
    ref: given.ref ?? 'sip-call-1',
    party: { number: given.number ?? '+442079460000', name: given.name ?? null },
    params: given.params ?? {},
    say: (event) => listener(event),
    listen: (next) => (listener = next),
    async answer() {
      if (leg.answerFailure) throw leg.answerFailure;
      did.push('answer');
    },
    decline: (as) => did.push(`decline ${as}`),
    hangUp: () => did.push('hang up'),
    mute: (isMuted) => did.push(isMuted ? 'mute' : 'unmute'),
    digit: (digit) => did.push(`digit ${digit}`),
    setMicrophone: async () => void did.push('microphone'),
    control: given.isServers
      ? null
      : {
          hold: () => did.push('hold'),
          resume: () => did.push('resume'),
          transfer: (to) => did.push(`transfer ${to}`),
          transferTo: (other) => did.push(`transfer to ${other.ref}`),
        },
  };
  return leg;
}

export interface FakePhone {
  softphone: Softphone;
  state: () => PhoneState;
  /** Offers a call on the line. */
  offer(leg: FakeLeg): void;
  line(report: LineReport): void;
  placed: { to: string; leg: FakeLeg }[];
  /** What the next `place` gives or throws. */
  nextLeg: { leg: FakeLeg } | { failure: Error };
  reports: (PhoneReportBody & { callId: string })[];
  heartbeats: string[];
  calls: string[];
  server: {
    failure: Error | null;
    placeFailure: Error | null;
    call: Partial<VoiceCall>;
    /** Resolves `place` only when let go. */
    holdPlace: Promise<void> | null;
  };
  storage: { text: string | null };
  available: boolean;
  now: { ms: number };
}

export const session: VoiceSession = {
  provider: 'sip',
  wsUrl: 'ws://127.0.0.1:1/',
  uri: 'sip:support@pbx.example',
  authorizationUser: 'support',
  password: 'x',
  displayName: 'Support',
  iceServers: [],
};

export async function fakePhone(
  options: { isOnlyWitness?: boolean; stored?: string } = {},
): Promise<FakePhone> {
  let offer: (leg: Leg) => void = () => undefined;
  let line: (report: LineReport) => void = () => undefined;
  const fake: FakePhone = {
    softphone: undefined as unknown as Softphone, // set below, before anybody sees it
    state: () => fake.softphone.state(),
    offer: (leg) => offer(leg),
    line: (report) => line(report),
    placed: [],
    nextLeg: { leg: fakeLeg() },
    reports: [],
    heartbeats: [],
    calls: [],
    server: { failure: null, placeFailure: null, call: {}, holdPlace: null },
    storage: { text: options.stored ?? null },
    available: true,
    now: { ms: 1_000_000 },
  };
  const engine: Engine = {
    isOnlyWitness: options.isOnlyWitness ?? true,
    start(listener) {
      offer = (leg) => listener.incoming(leg);
      line = (report) => listener.line(report);
      listener.line({ state: 'ready' });
    },
    async place(to) {
      if ('failure' in fake.nextLeg) throw fake.nextLeg.failure;
      fake.placed.push({ to, leg: fake.nextLeg.leg });
      return fake.nextLeg.leg;
    },
    setSpeaker: async () => undefined,
    stop: () => void fake.calls.push('engine stopped'),
  };
  const answer = (callId: string): VoiceCall =>
    ({
      id: callId,
      conversationId: 'conv-1',
      contact: null,
      agent: null,
      wrapUpUntil: null,
      ...fake.server.call,
    }) as VoiceCall;
  fake.softphone = createSoftphone({
    api: {
      session: async () => session,
      async place(_inboxId, { to }): Promise<PlacedCall> {
        await fake.server.holdPlace;
        if (fake.server.placeFailure) throw fake.server.placeFailure;
        return { callId: 'server-call', conversationId: 'conv-1', dial: { to, from: '', params: {} } };
      },
      async report(callId, body) {
        if (fake.server.failure) throw fake.server.failure;
        if (body.event === 'heartbeat') fake.heartbeats.push(callId);
        else fake.reports.push({ ...body, callId });
        return answer(callId);
      },
      hold: async (callId, held) => void fake.calls.push(`hold ${callId} ${held}`),
      transfer: async (callId, to) => {
        if (fake.server.failure) throw fake.server.failure;
        fake.calls.push(`transfer ${callId} ${JSON.stringify(to)}`);
      },
      hangUp: async (callId) => void fake.calls.push(`hang up ${callId}`),
      wrapUp: async (callId, seconds) => void fake.calls.push(`wrap up ${callId} ${seconds}`),
      call: async (callId) => answer(callId),
    },
    createEngine: async () => engine,
    storage: {
      read: () => fake.storage.text,
      write(text) {
        fake.storage.text = text;
        return true;
      },
    },
    isAvailable: () => fake.available,
    onChange: () => undefined,
    nowMs: () => fake.now.ms,
    openMicrophone: async () => ({}) as MediaStream,
    speakerId: () => '',
    wait: async (ms) => void fake.calls.push(`wait ${ms}`),
  });
  fake.softphone.setInboxes(['inbox-1']);
  await settled();
  return fake;
}

/** Lets everything that is under way come to rest. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
export const refused = (status: number): ApiFailure =>
  new ApiFailure(status, 'refused', 'The server said no.');
