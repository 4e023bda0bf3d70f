/** Calls over SIP by WebSocket (RFC 7118), with JsSIP: registers, reconnects and registers again, sends and takes calls. */
import JsSIP from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent, UA } from 'jssip/lib/UA';
import type { Engine, Leg, LineReport, Sound } from './engine.ts';
import { createSipLeg, type SipLeg } from './sip-leg.ts';
import { registrationWords } from './sip-words.ts';

const nothing = (): void => undefined;

export interface SipAccount {
  wsUrl: string;
  /** `sip:user@domain`. */
  uri: string;
  authorizationUser: string;
  password?: string | undefined;
  ha1?: string | undefined;
  realm?: string | undefined;
  displayName: string;
  iceServers?: RTCIceServer[] | undefined;
}
const REGISTER_SECONDS = 120;
const AGAIN_MS = [1_000, 2_000, 5_000, 15_000, 30_000];

export function createSipEngine(account: SipAccount, sound: Sound): Engine {
  const legs = new Set<SipLeg>();
  let phone: UA | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let wasConnected = false;
  let report: (line: LineReport) => void = nothing;
  let offer: (leg: Leg) => void = nothing;
  const rtc: RTCConfiguration = { iceServers: account.iceServers ?? [] };

  function open(): void {
    const opened = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(account.wsUrl)],
      uri: account.uri,
      authorization_user: account.authorizationUser,
      display_name: account.displayName,
      ...(account.password === undefined ? {} : { password: account.password }),
      ...(account.ha1 === undefined ? {} : { ha1: account.ha1 }),
      ...(account.realm === undefined ? {} : { realm: account.realm }),
      register: true,
      register_expires: REGISTER_SECONDS,
      session_timers: true,
      no_answer_timeout: 90,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 30,
      user_agent: 'Teloring',
    });
    phone = opened;
    opened.on('connecting', () => report({ state: 'connecting' }));
    opened.on('connected', () => {
      // The other side still knows the socket that is gone: a re-INVITE over the new one tells it where we are.
      if (wasConnected) for (const leg of legs) leg.refresh();
      wasConnected = true;
    });
    opened.on('disconnected', () =>
      report({ state: 'lost', reason: 'The PBX can’t be reached. Connecting again by itself.' }),
    );
    opened.on('registered', () => {
      failures = 0;
      report({ state: 'ready' });
    });
    opened.on('registrationFailed', ({ cause, response }) => {
      const statusCode = (response as { status_code?: number } | null)?.status_code;
      const refused = statusCode !== undefined && [401, 403, 404, 407].includes(statusCode);
      report({
        state: refused ? 'refused' : 'lost',
        reason: registrationWords(String(cause), statusCode),
        ...(refused ? { needsSession: true } : {}),
      });
      registerAgain(opened);
    });
    opened.on('newRTCSession', ({ originator, session }: RTCSessionEvent) => {
      if (isRemote(originator)) offer(track(session, 'in'));
    });
    opened.start();
  }
  /** JsSIP renews a registration that stands; one that failed is ours to repeat. */
  function registerAgain(of: UA): void {
    clearTimeout(timer);
    const wait = AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)];
    timer = setTimeout(() => {
      if (phone === of && of.isConnected() && !of.isRegistered()) of.register();
    }, wait);
  }
  function track(session: RTCSession, direction: 'in' | 'out', stream?: MediaStream): SipLeg {
    const leg = createSipLeg(session, {
      direction,
      sound,
      rtc,
      domain: domainOf(account.uri),
      ...(stream ? { stream } : {}),
      onEnd: () => legs.delete(leg),
    });
    legs.add(leg);
    return leg;
  }
  const onOnline = () => {
    // A network that is back is tried at once, not after the pause.
    if (phone && !phone.isConnected() && legs.size === 0) restart();
  };
  function restart(): void {
    phone?.stop();
    open();
  }

  return {
    isOnlyWitness: true,
    start(listener) {
      report = (line) => listener.line(line);
      offer = (leg) => listener.incoming(leg);
      addEventListener('online', onOnline);
      open();
    },
    async place(to, params) {
      const stream = await sound.openMicrophone();
      if (!phone) {
        sound.closeMicrophone(stream);
        throw new Error('The phone was closed before the call went out.');
      }
      const target = to.includes('@') || to.startsWith('sip:') ? to : `sip:${to}@${domainOf(account.uri)}`;
      const connections: RTCPeerConnection[] = [];
      try {
        const session = phone.call(target, {
          mediaStream: stream,
          pcConfig: rtc,
          extraHeaders: Object.entries(params).map(([name, value]) => `${name}: ${value}`),
          // Fires within `call`, before there is a session to listen to.
          eventHandlers: { peerconnection: ({ peerconnection }) => connections.push(peerconnection) },
        });
        const leg = track(session, 'out', stream);
        for (const connection of connections) leg.attach(connection);
        return leg;
      } catch (error) {
        sound.closeMicrophone(stream);
        throw error;
      }
    },
    async setSpeaker(deviceId) {
      await Promise.all([...legs].map((leg) => leg.setSpeaker(deviceId)));
    },
    stop() {
      removeEventListener('online', onOnline);
      clearTimeout(timer);
      for (const leg of legs) leg.hangUp();
      phone?.stop();
      phone = null;
    },
  };
}

const isRemote = (originator: string): boolean => originator === 'remote';
const domainOf = (uri: string): string => uri.replace(/^sips?:/, '').split('@')[1] ?? '';
