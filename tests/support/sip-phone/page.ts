/**
 * The other end of a call in tests, in a browser of its own: a bare JsSIP phone without any of the studio's code. The test calls
 * the functions of `window.sipPhone`. Bundled by tests/support/sip-phone.ts.
 */
import JsSIP from 'jssip';
import type { IncomingDTMFEvent, OutgoingDTMFEvent, RTCSession } from 'jssip/lib/RTCSession.js';
import type { RTCSessionEvent } from 'jssip/lib/UA.js';

interface Settings {
  wsUrl: string;
  uri: string;
  password: string;
  displayName: string;
  /** How an incoming call is met. */
  onCall: 'ring' | 'answer' | 'busy' | 'decline';
}
export interface Heard {
  bytes: number;
  /** Loudest sample of the last moments, 0…1. */
  level: number;
  /** Digits heard in the audio (RFC 4733 events are played out as tones). */
  digits: string;
}

let phone: InstanceType<typeof JsSIP.UA> | null = null;
let session: RTCSession | null = null;
let settings: Settings | null = null;
let digits = '';
const log: string[] = [];
const toneRows = [697, 770, 852, 941];
const toneColumns = [1209, 1336, 1477, 1633];
const keys = ['123A', '456B', '789C', '*0#D'];

function follow(next: RTCSession): void {
  session = next;
  digits = '';
  next.on('accepted', () => log.push('accepted'));
  next.on('confirmed', () => log.push('confirmed'));
  next.on('progress', () => log.push('progress'));
  next.on('hold', ({ originator }) => log.push(`hold ${originator}`));
  next.on('unhold', ({ originator }) => log.push(`unhold ${originator}`));
  next.on('failed', ({ cause, originator }) => log.push(`failed ${originator} ${cause}`));
  next.on('ended', ({ cause, originator }) => log.push(`ended ${originator} ${cause}`));
  next.on('newDTMF', (event: IncomingDTMFEvent | OutgoingDTMFEvent) =>
    log.push(`dtmf ${event.originator} ${event.dtmf.tone}`),
  );
  next.on('refer', ({ accept }) => {
    log.push('refer');
    (accept as (onNew: (made: RTCSession) => void, options: object) => void)(
      (made) => follow(made),
      options(),
    );
  });
  // A colleague hands the call over that I was asked about: the new one takes this one's place.
  next.on('replaces', ({ accept }) => {
    log.push('replaces');
    (accept as () => void)();
  });
  next.on('peerconnection', ({ peerconnection }) => listen(peerconnection));
  if (next.connection) listen(next.connection);
}
function listen(connection: RTCPeerConnection): void {
  connection.addEventListener('track', (event) => {
    const stream = event.streams[0] ?? new MediaStream([event.track]);
    const audio = new Audio();
    audio.srcObject = stream;
    void audio.play();
    void analyse(stream);
  });
}
/** Looks for the two tones of a key, as a telephone exchange does. */
async function analyse(stream: MediaStream): Promise<void> {
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  const samples = new Float32Array(analyser.fftSize);
  const bin = (hz: number) => bins[Math.round((hz * analyser.fftSize) / context.sampleRate)] ?? -200;
  let last = '';
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    level = samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
    analyser.getFloatFrequencyData(bins);
    const row = strongest(toneRows.map(bin));
    const column = strongest(toneColumns.map(bin));
    const key = row === null || column === null ? '' : (keys[row]?.[column] ?? '');
    if (key !== '' && key !== last) digits += key;
    last = key;
  }, 20);
}
let level = 0;
/** The one tone that stands out of its group, or none. */
function strongest(levels: number[]): number | null {
  const sorted = levels.map((value, at) => ({ value, at })).toSorted((a, b) => b.value - a.value);
  const [first, second] = sorted;
  if (!first || !second || first.value < -55 || first.value - second.value < 12) return null;
  return first.at;
}

const options = () => ({
  mediaConstraints: { audio: true, video: false },
  pcConfig: { iceServers: [] },
});

const isRemote = (originator: string): boolean => originator === 'remote';
const sipPhone = {
  start(given: Settings): void {
    settings = given;
    phone = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(given.wsUrl)],
      uri: given.uri,
      password: given.password,
      display_name: given.displayName,
      register: true,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
    });
    phone.on('registered', () => log.push('registered'));
    phone.on('registrationFailed', ({ cause }) => log.push(`registrationFailed ${cause}`));
    phone.on('newRTCSession', ({ originator, session: made }: RTCSessionEvent) => {
      if (!isRemote(originator)) return;
      log.push('incoming');
      if (settings?.onCall === 'busy') return made.terminate({ status_code: 486 });
      if (settings?.onCall === 'decline') return made.terminate({ status_code: 603 });
      follow(made);
      if (settings?.onCall === 'answer') made.answer(options());
    });
    phone.start();
  },
  stop: () => phone?.stop(),
  isRegistered: () => phone?.isRegistered() ?? false,
  meet: (onCall: Settings['onCall']) => {
    if (settings) settings = { ...settings, onCall };
  },
  call(target: string, extraHeaders: string[] = []): void {
    const made = phone?.call(target, { ...options(), extraHeaders });
    if (made) follow(made);
  },
  answer: () => session?.answer(options()),
  hangUp: () => session?.terminate(),
  hold: () => session?.hold(),
  isEstablished: () => session?.isEstablished() ?? false,
  isHeldByOther: () => session?.isOnHold().remote ?? false,
  /** What arrived over RTP so far. */
  async heard(): Promise<Heard> {
    const report = await session?.connection?.getStats();
    let bytes = 0;
    report?.forEach((stat: { type: string; bytesReceived?: number }) => {
      if (stat.type === 'inbound-rtp') bytes += stat.bytesReceived ?? 0;
    });
    return { bytes, level, digits };
  },
  log: () => [...log],
};
export type SipPhone = typeof sipPhone;
declare global {
  interface Window {
    sipPhone: SipPhone;
  }
}
window.sipPhone = sipPhone;
