/** Senders whose remote pictures this browser always shows, because its agent said so. */
import { keepText, readText } from '../../../lib/browser-storage.ts';

const key = 'teloring.email-images';
const MOST = 500;

export function showsImagesOf(address: string): boolean {
  return trusted().includes(address.toLowerCase());
}
export function alwaysShowImagesOf(address: string): void {
  const one = address.toLowerCase();
  keepText(key, [...trusted().filter((other) => other !== one), one].slice(-MOST).join('\n'));
}
export function stopShowingImagesOf(address: string): void {
  const left = trusted().filter((other) => other !== address.toLowerCase());
  keepText(key, left.length === 0 ? null : left.join('\n'));
}
function trusted(): string[] {
  return (readText(key) ?? '').split('\n').filter((line) => line !== '');
}
