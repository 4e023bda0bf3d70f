import type { WidgetConfig } from './protocol.ts';

/** The launcher's and the panel's looks, inside the shadow root. */
export function launcherStyles({ accentColor, onAccentColor, position }: WidgetConfig): string {
  return `
:host { all: initial; position: fixed; ${position}: 0; bottom: 0; z-index: 2147483000; color-scheme: light dark;
  font: 14px/1.5 system-ui, sans-serif; }
[hidden] { display: none !important; }
.launcher { position: fixed; ${position}: max(20px, env(safe-area-inset-${position})); bottom: max(20px, env(safe-area-inset-bottom));
  display: grid; place-items: center; width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
  background: ${accentColor}; color: ${onAccentColor};
  box-shadow: 0 1px 2px rgb(0 0 0 / .18), 0 6px 20px rgb(0 0 0 / .22); transition: transform .15s, box-shadow .15s; }
.launcher:hover { transform: translateY(-2px); box-shadow: 0 2px 4px rgb(0 0 0 / .2), 0 10px 26px rgb(0 0 0 / .26); }
.launcher:active { transform: none; }
.launcher:focus-visible, .again:focus-visible { outline: 3px solid light-dark(#1d4ed8, #93c5fd); outline-offset: 3px; }
svg { grid-area: 1 / 1; width: 26px; height: 26px; transition: opacity .15s, transform .15s; }
.bubble { fill: currentColor; }
.cross { fill: none; stroke: currentColor; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; opacity: 0; transform: scale(.6); }
.open .bubble { opacity: 0; transform: scale(.6); }
.open .cross { opacity: 1; transform: none; }
.badge { position: absolute; top: -3px; right: -3px; min-width: 20px; height: 20px; box-sizing: border-box; padding: 0 5px;
  border: 2px solid light-dark(#fff, #16171d); border-radius: 10px; background: #d92d20; color: #fff;
  font: 600 11px/16px system-ui, sans-serif; text-align: center; font-variant-numeric: tabular-nums; }
.panel { position: fixed; ${position}: max(20px, env(safe-area-inset-${position})); bottom: calc(max(20px, env(safe-area-inset-bottom)) + 68px);
  width: 384px; height: min(640px, calc(100dvh - 112px)); overflow: hidden; border-radius: 16px;
  background: light-dark(#fff, #1b1c23); color: light-dark(#22242c, #e9eaf0);
  box-shadow: 0 0 0 1px light-dark(rgb(20 22 40 / .08), rgb(255 255 255 / .1)), 0 12px 44px rgb(10 12 30 / .24);
  animation: rise .16s cubic-bezier(.2, 0, 0, 1); transform-origin: bottom ${position}; }
.waiting { position: absolute; inset: 0; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 12px;
  padding: 32px; text-align: center; }
.note { margin: 0; max-width: 26ch; opacity: .75; }
.again { padding: 8px 16px; border: 0; border-radius: 8px; background: ${accentColor}; color: ${onAccentColor}; font: inherit; font-weight: 600; cursor: pointer; }
.quiet { background: none; color: inherit; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; opacity: 0; pointer-events: none; }
iframe.ready { opacity: 1; pointer-events: auto; }
@keyframes rise { from { opacity: 0; transform: translateY(10px) scale(.98); } }
@media (max-width: 480px), (max-height: 480px) {
  .panel { inset: 0; width: 100%; height: 100dvh; border-radius: 0; box-shadow: none; }
  .launcher.open { display: none; }
}
@media (prefers-reduced-motion: reduce) { *, .panel { transition: none; animation: none; } }
@media print { .launcher, .panel { display: none; } }
`;
}
