/** The softphone in a real browser: engines, ringing, notifications, heartbeats, and what happens when this tab goes. */
import { CALL_HEARTBEAT_SECONDS } from '#domain/call.ts';
import { api } from '../../lib/api/endpoints.ts';
import type { VoiceSession } from '../../lib/api/voice-types.ts';
import { keepText, readText } from '../../lib/browser-storage.ts';
import { feed } from '../../lib/feed.svelte.ts';
import { presence } from '../../lib/presence.svelte.ts';
import { saveNotesBut } from './call-notes.ts';
import { isLive } from './call-state.ts';
import type { Engine } from './engine.ts';
import { createNotifier } from './notifier.ts';
import { partyName } from './phone-words.ts';
import { idleState, type PhoneState } from './phone-state.ts';
import { createRinger } from './ringer.ts';
import { createSoftphone, type Softphone } from './softphone.ts';
import { chosenDevice, openMicrophone, sound } from './sound.ts';

export function leadPhone(
  name: string,
  show: (state: PhoneState) => void,
): { softphone: Softphone; stop: () => void } {
  const ringer = createRinger();
  const notifier = createNotifier();
  const snapshot = `${name}.call`;
  let readyTimer: ReturnType<typeof setTimeout> | undefined;
  let before: PhoneState = idleState;

  const softphone = createSoftphone({
    api: {
      session: api.voiceSession,
      place: api.placeCall,
      report: api.reportCall,
      hold: api.holdCall,
      transfer: api.transferCall,
      hangUp: api.hangUpCall,
      wrapUp: api.wrapUpCall,
      call: api.voiceCall,
    },
    createEngine: loadEngine,
    storage: {
      read: () => readText(`${name}.events`),
      write(text) {
        keepText(`${name}.events`, text);
        return true;
      },
    },
    isAvailable: () => presence.chosen === 'online',
    onChange,
    nowMs: () => Date.now(),
    openMicrophone,
    speakerId: () => chosenDevice('speaker'),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });

  function onChange(state: PhoneState): void {
    if (state.call?.phase !== before.call?.phase || state.call?.id !== before.call?.id) {
      if (state.call?.phase === 'ringing_in') ringer.ring();
      else if (state.call?.phase === 'ringing_out') ringer.ringBack();
      else ringer.silence();
      notifier.follow(state.call);
      // What was written down in the last one, however it was left.
      if (before.call?.phase === 'wrap_up') void saveNotesBut(state.call?.id ?? null);
      // For the tab that finds this one gone.
      keepText(snapshot, isLive(state.call) ? partyName(state.call) : null);
    }
    if (state.wrapUpUntilMs !== before.wrapUpUntilMs) {
      clearTimeout(readyTimer);
      if (state.wrapUpUntilMs !== null)
        readyTimer = setTimeout(
          () => void softphone.carryOut({ do: 'ready' }),
          state.wrapUpUntilMs - Date.now(),
        );
    }
    before = state;
    show(state);
  }

  const heart = setInterval(() => softphone.heartbeat(), CALL_HEARTBEAT_SECONDS * 1_000);
  const onBeforeUnload = (event: BeforeUnloadEvent) => {
    if (isLive(softphone.state().call)) event.preventDefault();
  };
  // The last chance to hang up and to sign off at the exchange.
  const onPageHide = () => stop();
  const onOnline = () => {
    softphone.hurry();
    void saveNotesBut(softphone.state().call?.id ?? null);
  };
  addEventListener('beforeunload', onBeforeUnload);
  addEventListener('pagehide', onPageHide);
  addEventListener('online', onOnline);
  const undo = feed.onEvent((event) => {
    if (event.name === 'call.updated' && event.callId) void softphone.onServerCall(event.callId);
  });
  const undoResync = feed.onResync(onOnline);

  function stop(): void {
    softphone.stop();
    ringer.silence();
    notifier.follow(null);
    clearInterval(heart);
    clearTimeout(readyTimer);
    removeEventListener('beforeunload', onBeforeUnload);
    removeEventListener('pagehide', onPageHide);
    removeEventListener('online', onOnline);
    undo();
    undoResync();
  }

  const cut = readText(snapshot);
  keepText(snapshot, null);
  if (cut !== null) softphone.noteCut(cut);
  void saveNotesBut(null);
  return { softphone, stop };
}

/** Each provider's library is loaded when a line of it is opened. */
async function loadEngine(session: VoiceSession, inboxId: string): Promise<Engine> {
  if (session.provider === 'sip') {
    const { createSipEngine } = await import('./sip-engine.ts');
    return createSipEngine(session, sound);
  }
  if (session.sandbox) {
    const { createSandboxEngine } = await import('./sandbox-engine.ts');
    return createSandboxEngine(inboxId);
  }
  const [{ createTwilioEngine }, { createTwilioDevice }] = await Promise.all([
    import('./twilio-engine.ts'),
    import('./twilio-device.ts'),
  ]);
  return createTwilioEngine({
    token: session.token,
    createDevice: createTwilioDevice,
    async renew() {
      const renewed = await api.voiceSession(inboxId);
      if (renewed.provider !== 'twilio') throw new Error('The inbox has another provider now.');
      return renewed.token;
    },
    sound,
  });
}
