/** Twilio's own device as the engine's small one. Its sounds stay silent: we have our own, and none is fetched from elsewhere. */
import { Call, Device } from '@twilio/voice-sdk';
import type { TwilioCall, TwilioDevice } from './twilio-engine.ts';

const SOUNDS = [
  'incoming',
  'outgoing',
  'disconnect',
  'dtmf0',
  'dtmf1',
  'dtmf2',
  'dtmf3',
  'dtmf4',
  'dtmf5',
  'dtmf6',
  'dtmf7',
  'dtmf8',
  'dtmf9',
  'dtmfh',
  'dtmfs',
] as const;

export function createTwilioDevice(token: string): TwilioDevice {
  const device = new Device(token, {
    codecPreferences: [Call.Codec.Opus, Call.Codec.PCMU],
    // Our own question covers both engines.
    closeProtection: false,
    allowIncomingWhileBusy: true,
    tokenRefreshMs: 60_000,
    sounds: Object.fromEntries(SOUNDS.map((name) => [name, '/silence.wav'])),
  });
  return {
    on: (event, listener) => device.on(event, listener as (...args: unknown[]) => void),
    register: () => device.register(),
    // The SDK's call, of which the engine uses little: only the type of its listeners is wider.
    connect: async (options) => (await device.connect(options)) as unknown as TwilioCall,
    updateToken: (next) => device.updateToken(next),
    destroy: () => device.destroy(),
    async useMicrophone(deviceId) {
      await device.audio?.setInputDevice(deviceId);
    },
    async useSpeaker(deviceId) {
      if (device.audio?.isOutputSelectionSupported)
        await device.audio.speakerDevices.set(deviceId === '' ? 'default' : deviceId);
    },
  };
}
