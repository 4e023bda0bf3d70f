/**
 * Calls through Twilio's browser SDK. The server holds, transfers and keeps the records; this rings, answers, dials and carries sound.
 * The SDK's device is behind `TwilioDevice`, the little of it that is used, so that the mapping can be tried without Twilio.
 */
import type { CallEnd } from './call-state.ts';
import type { Engine, Leg, LegEvent, LineReport, Sound } from './engine.ts';

const nothing = (): void => undefined;

export interface TwilioCall {
  readonly parameters: Record<string, string>;
  readonly customParameters: Map<string, string>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  accept(): void;
  reject(): void;
  disconnect(): void;
  mute(isMuted: boolean): void;
  sendDigits(digits: string): void;
}
export interface TwilioDevice {
  on(event: string, listener: (...args: never[]) => void): unknown;
  register(): Promise<void>;
  connect(options: { params: Record<string, string> }): Promise<TwilioCall>;
  updateToken(token: string): void;
  destroy(): void;
  /** `default` for the browser's own choice. */
  useMicrophone(deviceId: string): Promise<void>;
  useSpeaker(deviceId: string): Promise<void>;
}
export interface TwilioDeps {
  token: string;
  createDevice(token: string): TwilioDevice;
  /** A new token, before the old one ends. */
  renew(): Promise<string>;
  sound: Sound;
}
interface TwilioProblem {
  code: number;
  message: string;
}
const RENEW_AGAIN_MS = 10_000;
const REGISTER_AGAIN_MS = [1_000, 3_000, 10_000, 30_000];

export function createTwilioEngine(deps: TwilioDeps): Engine {
  let device: TwilioDevice | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let report: (line: LineReport) => void = nothing;

  async function renew(): Promise<void> {
    const opened = device;
    try {
      const token = await deps.renew();
      if (device === opened) opened?.updateToken(token);
    } catch {
      // The old one is good for some seconds more; an ended one is said by the device itself.
      timer = setTimeout(() => device === opened && void renew(), RENEW_AGAIN_MS);
    }
  }
  function register(opened: TwilioDevice): void {
    void opened.register().catch(() => {
      if (device !== opened) return;
      report({ state: 'lost', reason: 'Twilio can’t be reached. Connecting again by itself.' });
      again(opened);
    });
  }
  function again(opened: TwilioDevice): void {
    clearTimeout(timer);
    const wait = REGISTER_AGAIN_MS[Math.min(failures++, REGISTER_AGAIN_MS.length - 1)];
    timer = setTimeout(() => register(opened), wait);
  }
  const useMicrophone = async (): Promise<void> => {
    // Asks for the permission, in our words where it is refused; the device then opens it itself.
    const stream = await deps.sound.openMicrophone();
    const [track] = stream.getAudioTracks();
    await device?.useMicrophone(track?.getSettings().deviceId ?? 'default');
    deps.sound.closeMicrophone(stream);
  };

  return {
    isOnlyWitness: false,
    start(listener) {
      report = (line) => listener.line(line);
      const opened = deps.createDevice(deps.token);
      device = opened;
      opened.on('registering', () => report({ state: 'connecting' }));
      opened.on('registered', () => {
        failures = 0;
        report({ state: 'ready' });
      });
      opened.on('unregistered', () => {
        if (device !== opened) return;
        report({ state: 'lost', reason: 'The line to Twilio dropped. Connecting again by itself.' });
        again(opened);
      });
      opened.on('error', (problem: TwilioProblem) => report(lineProblem(problem)));
      opened.on('tokenWillExpire', () => void renew());
      opened.on('incoming', (call: TwilioCall) =>
        listener.incoming(createTwilioLeg(call, 'in', useMicrophone)),
      );
      register(opened);
    },
    async place(_to, params) {
      await useMicrophone();
      if (!device) throw new Error('The phone was closed before the call went out.');
      await device.useSpeaker(deps.sound.speakerId());
      return createTwilioLeg(await device.connect({ params: { ...params } }), 'out', useMicrophone);
    },
    async setSpeaker(deviceId) {
      await device?.useSpeaker(deviceId);
    },
    stop() {
      clearTimeout(timer);
      const closing = device;
      device = null;
      closing?.destroy();
    },
  };
}

function createTwilioLeg(call: TwilioCall, direction: 'in' | 'out', useMicrophone: () => Promise<void>): Leg {
  let listener: ((event: LegEvent) => void) | null = null;
  const early: LegEvent[] = [];
  let isOver = false;
  let wasConnected = false;
  let isDeclined = false;
  let problem: TwilioProblem | null = null;
  const tell = (event: LegEvent): void => {
    if (isOver) return;
    isOver = event.kind === 'ended';
    if (listener) listener(event);
    else early.push(event);
  };
  const end = (reason: CallEnd): void => tell({ kind: 'ended', end: reason });
  call.on('ringing', () => tell({ kind: 'ringing' }));
  call.on('accept', () => {
    wasConnected = true;
    tell({ kind: 'connected' });
  });
  call.on('mute', (isMuted: boolean) => tell({ kind: 'muted', isMuted }));
  call.on('error', (said: TwilioProblem) => (problem = said));
  // Somebody else took it or the caller gave up: Twilio doesn't say which, the server knows.
  call.on('cancel', () => end({ reason: direction === 'in' ? 'missed' : 'cancelled' }));
  call.on('reject', () => end({ reason: 'declined' }));
  call.on('disconnect', () => end(twilioEnd(problem, wasConnected)));

  return {
    ref: call.parameters['CallSid'] ?? '',
    party: {
      number: (call.parameters['From'] ?? '').replace(/^client:/, ''),
      name: call.customParameters.get('name') ?? null,
    },
    params: Object.fromEntries(call.customParameters),
    control: null,
    listen(next) {
      listener = next;
      for (const event of early.splice(0)) next(event);
    },
    async answer() {
      await useMicrophone();
      if (!isOver) call.accept();
    },
    decline() {
      if (isOver || isDeclined) return;
      isDeclined = true;
      call.reject();
      end({ reason: 'declined' });
    },
    hangUp: () => call.disconnect(),
    mute: (isMuted) => call.mute(isMuted),
    digit: (digit) => call.sendDigits(digit),
    setMicrophone: () => useMicrophone(),
  };
}

/** 31486 is SIP's 486 and so on; 53xxx are the media's. */
export function twilioEnd(problem: TwilioProblem | null, wasConnected: boolean): CallEnd {
  if (problem === null) return { reason: wasConnected ? 'completed' : 'cancelled' };
  const code = String(problem.code);
  if (wasConnected) return { reason: 'connection_lost', code };
  if (problem.code === 31486) return { reason: 'busy', code };
  if (problem.code === 31480 || problem.code === 31408) return { reason: 'no_answer', code };
  if (problem.code === 31603) return { reason: 'declined', code };
  if (problem.code === 31208 || problem.code === 31401 || problem.code === 31402)
    return { reason: 'failed', code: 'no microphone' };
  return { reason: 'failed', code };
}
/** Tokens that are refused ask for a new session; the rest Twilio mends itself. */
export function lineProblem({ code, message }: TwilioProblem): LineReport {
  const isRefused = (code >= 20101 && code <= 20107) || code === 31204 || code === 31205 || code === 31202;
  if (isRefused)
    return { state: 'refused', reason: `Twilio refused the phone’s token (${code}).`, needsSession: true };
  return { state: 'lost', reason: `Twilio says: ${message} (${code}).` };
}
