/** One SIP call: JsSIP's session as the softphone's leg. */
import JsSIP from 'jssip';
import type { IncomingEvent, OutgoingEvent, RTCSession } from 'jssip/lib/RTCSession';
import type { Party } from './call-state.ts';
import type { Leg, LegControl, LegEvent, Sound } from './engine.ts';
import { createSpeaker } from './speaker.ts';
import { sipEnd } from './sip-words.ts';

const nothing = (): void => undefined;

export interface SipLeg extends Leg {
  readonly session: RTCSession;
  readonly control: LegControl;
  attach(connection: RTCPeerConnection): void;
  setSpeaker(deviceId: string): Promise<void>;
  /** Tells the other side over which socket we are reached now. */
  refresh(): void;
}
interface Options {
  direction: 'in' | 'out';
  sound: Sound;
  rtc: RTCConfiguration;
  domain: string;
  /** Of an outgoing call; an incoming one opens it when it is answered. */
  stream?: MediaStream;
  onEnd: () => void;
}
/** Candidates that come later than this aren't waited for: a dead STUN server would hold up every call. */
const GATHER_MS = 1_200;

export function createSipLeg(session: RTCSession, options: Options): SipLeg {
  const { direction, sound } = options;
  const speaker = createSpeaker();
  let listener: (event: LegEvent) => void = nothing;
  const early: LegEvent[] = [];
  let isHeard = false;
  let stream = options.stream ?? null;
  let wasAnswered = false;
  let gatherTimer: ReturnType<typeof setTimeout> | undefined;
  const tell = (event: LegEvent): void => {
    if (isHeard) listener(event);
    else early.push(event);
  };
  const attach = (connection: RTCPeerConnection): void => {
    connection.addEventListener('track', ({ streams, track }) => {
      void speaker.play(streams[0] ?? new MediaStream([track]), sound.speakerId());
    });
  };
  const finish = (event: LegEvent): void => {
    clearTimeout(gatherTimer);
    if (stream) sound.closeMicrophone(stream);
    stream = null;
    speaker.stop();
    options.onEnd();
    tell(event);
  };
  const onEnd = (event: { cause: string; originator: string; message: unknown }): void => {
    // JsSIP gives the response or the request that ended it; either may be missing.
    const message = event.message as {
      status_code?: number;
      getHeader?: (name: string) => string | undefined;
    } | null;
    const statusCode = message?.status_code;
    const reason = statusCode === undefined ? message?.getHeader?.('Reason') : undefined;
    const end = sipEnd({ ...event, statusCode, reason }, direction, wasAnswered);
    finish({ kind: 'ended', end });
  };

  session.on('peerconnection', ({ peerconnection }) => attach(peerconnection));
  session.on('progress', ({ originator }: IncomingEvent | OutgoingEvent) => {
    if (isRemote(originator)) tell({ kind: 'ringing' });
  });
  session.on('icecandidate', ({ ready }) => {
    gatherTimer ??= setTimeout(ready, GATHER_MS);
  });
  // An outgoing call is heard from the answer on, an incoming one from its acknowledgement.
  const connected = (): void => {
    if (wasAnswered) return;
    wasAnswered = true;
    tell({ kind: 'connected' });
  };
  session.on('accepted', () => direction === 'out' && connected());
  session.on('confirmed', connected);
  session.on('hold', ({ originator }) =>
    tell(isRemote(originator) ? { kind: 'other_held', isHeld: true } : { kind: 'held' }),
  );
  session.on('unhold', ({ originator }) =>
    tell(isRemote(originator) ? { kind: 'other_held', isHeld: false } : { kind: 'resumed' }),
  );
  session.on('muted', () => tell({ kind: 'muted', isMuted: true }));
  session.on('unmuted', () => tell({ kind: 'muted', isMuted: false }));
  // Nobody else makes this phone call somebody, nor puts another call in this one's place.
  session.on('refer', ({ reject }) => reject());
  session.on('replaces', ({ reject }) => reject());
  session.on('failed', onEnd);
  session.on('ended', onEnd);

  function refer(target: string, replaces?: RTCSession): void {
    session.refer(target, {
      ...(replaces ? { replaces } : {}),
      eventHandlers: {
        accepted: () => tell({ kind: 'transfer_accepted' }),
        failed: ({ status_line }: { status_line?: { status_code?: number } }) =>
          tell({ kind: 'transfer_refused', reason: codeWords(status_line?.status_code) }),
        requestFailed: ({ response }: { response: { status_code?: number } | null }) =>
          tell({ kind: 'transfer_refused', reason: codeWords(response?.status_code) }),
      },
    });
  }

  const leg: SipLeg = {
    session,
    ref: callIdOf(session),
    party: partyOf(session),
    params: {},
    attach,
    listen(next) {
      listener = next;
      isHeard = true;
      for (const event of early.splice(0)) listener(event);
    },
    async answer() {
      const opened = await sound.openMicrophone();
      if (session.isEnded() || stream) return sound.closeMicrophone(opened);
      stream = opened;
      session.answer({ mediaStream: opened, pcConfig: options.rtc });
    },
    decline(as) {
      // Not 603, which would end the call everywhere: colleagues who share the account are rung on.
      if (!session.isEnded()) session.terminate({ status_code: as === 'busy' ? 486 : 480 });
    },
    hangUp() {
      if (!session.isEnded()) session.terminate();
    },
    mute(isMuted) {
      if (isMuted) session.mute({ audio: true });
      else session.unmute({ audio: true });
    },
    digit(digit) {
      const sender = session.connection?.getSenders().find(({ track }) => track?.kind === 'audio');
      // In the sound where the other side takes that (RFC 4733), else by INFO.
      const canDial = sender?.dtmf?.canInsertDTMF === true;
      session.sendDTMF(digit, {
        transportType: canDial ? JsSIP.C.DTMF_TRANSPORT.RFC2833 : JsSIP.C.DTMF_TRANSPORT.INFO,
        duration: 160,
        interToneGap: 70,
      });
    },
    async setMicrophone(next) {
      const sender = session.connection?.getSenders().find(({ track }) => track?.kind === 'audio');
      const [track] = next.getAudioTracks();
      if (!sender || !track) return;
      track.enabled = sender.track?.enabled ?? true;
      await sender.replaceTrack(track);
      if (stream) sound.closeMicrophone(stream);
      stream = next;
    },
    setSpeaker: (deviceId) => speaker.route(deviceId),
    refresh() {
      if (session.isEstablished()) session.renegotiate();
    },
    control: {
      hold: () => void session.hold(),
      resume: () => void session.unhold(),
      transfer: (to) => refer(to.includes('@') ? to : `sip:${to}@${options.domain}`),
      transferTo(other) {
        const { session: asked } = other as SipLeg; // one engine's legs only meet their own kind
        refer(asked.remote_identity.uri.toString(), asked);
      },
    },
  };
  return leg;
}

const isRemote = (originator: string): boolean => originator === 'remote';
/** Every leg of a call that a proxy forks has it; JsSIP's own id has the tag of this one behind it. */
function callIdOf(session: RTCSession): string {
  // Not in the library's types.
  const { _request: request } = session as unknown as { _request?: { call_id?: string } };
  return request?.call_id ?? session.id;
}
function partyOf(session: RTCSession): Party {
  const { uri, display_name: name } = session.remote_identity;
  return { number: uri.user ?? uri.toString(), name: name && name !== uri.user ? name : null };
}
const codeWords = (code: number | undefined): string => {
  if (code === 404) return 'nobody there has that number';
  if (code === 486 || code === 600) return 'they are on another call';
  if (code === 480 || code === 408) return 'they didn’t answer';
  if (code === 603) return 'they declined';
  return code === undefined ? 'the PBX didn’t answer' : `the PBX refused it (${code})`;
};
