export { frame, launcher } from './en.ts';
