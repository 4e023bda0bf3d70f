/** Microphones and speakers: which are chosen, opening them, and why that may fail. What is chosen is this browser's. */
import { keepText, readText } from '../../lib/browser-storage.ts';
import { MicFailure, type Sound } from './engine.ts';

export type DeviceUse = 'microphone' | 'speaker' | 'ringer';
const KEYS: Record<DeviceUse, string> = {
  microphone: 'teloring.phone.microphone',
  speaker: 'teloring.phone.speaker',
  ringer: 'teloring.phone.ringer',
};
/** '' is the browser's own choice. */
export const chosenDevice = (use: DeviceUse): string => readText(KEYS[use]) ?? '';
export const chooseDevice = (use: DeviceUse, deviceId: string): void =>
  keepText(KEYS[use], deviceId === '' ? null : deviceId);
export const isRingerMuted = (): boolean => readText('teloring.phone.ringer-muted') === 'yes';
export const muteRinger = (isMuted: boolean): void =>
  keepText('teloring.phone.ringer-muted', isMuted ? 'yes' : null);

export async function openMicrophone(): Promise<MediaStream> {
  const wanted: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
  const deviceId = chosenDevice('microphone');
  // Only pages of https and of this machine have one.
  if (!navigator.mediaDevices)
    throw new MicFailure('none', 'This page has no microphone: open Teloring by https, or on this machine.');
  try {
    return await navigator.mediaDevices.getUserMedia({
      // Preferred rather than demanded: one that was unplugged doesn't keep anybody from calling.
      audio: deviceId === '' ? wanted : { ...wanted, deviceId: { ideal: deviceId } },
    });
  } catch (error) {
    throw micFailure(error);
  }
}
function micFailure(error: unknown): MicFailure {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return new MicFailure('denied', 'The browser doesn’t let Teloring use the microphone.');
  if (name === 'NotReadableError' || name === 'AbortError')
    return new MicFailure('taken', 'Another program holds the microphone. Close it there and try again.');
  return new MicFailure('none', 'No microphone was found. Plug one in and try again.');
}

export const sound: Sound = {
  openMicrophone,
  closeMicrophone: (stream) => stream.getTracks().forEach((track) => track.stop()),
  speakerId: () => chosenDevice('speaker'),
};
