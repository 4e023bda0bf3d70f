import type { WidgetConfig } from '../protocol.ts';
import type { TeloringTheme } from '../teloring.d.ts';

const sizes = { small: 48, medium: 56, large: 64 } as const;

/**
 * The launcher's and the panel's looks, inside the shadow root. The corner is a place on the screen and stays where it was chosen;
 * everything within follows the language's direction.
 */
export function launcherStyles(config: WidgetConfig, theme: TeloringTheme): string {
  const { accentColor, onAccentColor, position: side, offsetX, offsetY, launcherSize, zIndex } = config;
  const size = sizes[launcherSize];
  const x = `max(${offsetX}px, env(safe-area-inset-${side}))`;
  const y = `max(${offsetY}px, env(safe-area-inset-bottom))`;
  return `
:host { all: initial; position: fixed; ${side}: 0; bottom: 0; z-index: ${zIndex}; font: 14px/1.5 system-ui, sans-serif;
  color-scheme: ${theme === 'auto' ? 'light dark' : theme}; }
[hidden] { display: none !important; }
button { font: inherit; cursor: pointer; }
.launcher { position: fixed; ${side}: ${x}; bottom: ${y}; display: flex; align-items: center; justify-content: center; gap: 8px;
  min-width: ${size}px; height: ${size}px; padding: 0; border: 0; border-radius: ${size / 2}px;
  background: ${accentColor}; color: ${onAccentColor};
  box-shadow: 0 0 0 1px light-dark(transparent, rgb(255 255 255 / .18)), 0 1px 2px rgb(0 0 0 / .18), 0 6px 20px rgb(0 0 0 / .22);
  transition: transform .15s, box-shadow .15s; }
.launcher:hover { transform: translateY(-2px); }
.launcher:active { transform: none; }
:focus-visible { outline: 3px solid light-dark(#1d4ed8, #93c5fd); outline-offset: 3px; }
svg { width: 26px; height: 26px; flex: none; }
.large svg { width: 30px; height: 30px; }
.bubble { fill: currentColor; }
.cross, .x { fill: none; stroke: currentColor; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
.cross, .open .bubble, .open .label { display: none; }
.open .cross { display: block; }
.worded:not(.open) { padding: 0 20px 0 16px; }
.worded:not(.open):dir(rtl) { padding: 0 16px 0 20px; }
.label { font-size: 15px; font-weight: 600; white-space: nowrap; }
.label:empty { display: none; }
.badge { position: absolute; top: -3px; inset-inline-end: -3px; min-width: 20px; height: 20px; box-sizing: border-box; padding: 0 5px;
  border: 2px solid light-dark(#fff, #16171d); border-radius: 10px; background: #d92d20; color: #fff;
  font: 600 11px/16px system-ui, sans-serif; text-align: center; font-variant-numeric: tabular-nums; }
.news { position: fixed; ${side}: ${x}; bottom: calc(${y} + ${size + 14}px); width: min(300px, calc(100vw - 40px)); display: flex; }
.news:empty { display: none; }
.open-news { flex: 1; min-width: 0; display: grid; gap: 2px; padding: 12px 44px 13px 16px; border: 0; text-align: start; border-radius: 14px;
  background: light-dark(#fff, #22242d); color: light-dark(#22242c, #e9eaf0); animation: rise .2s cubic-bezier(.2, 0, 0, 1);
  box-shadow: 0 0 0 1px light-dark(rgb(20 22 40 / .08), rgb(255 255 255 / .12)), 0 8px 28px rgb(10 12 30 / .2); }
.open-news:dir(rtl) { padding: 12px 16px 13px 44px; }
.open-news > * { overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow-wrap: anywhere; }
.who { -webkit-line-clamp: 1; font-size: 12.5px; font-weight: 600; color: light-dark(#5d6172, #a4a8b8); }
.dismiss { position: absolute; top: 4px; inset-inline-end: 4px; width: 36px; height: 36px; display: grid; place-items: center; padding: 0;
  border: 0; border-radius: 10px; background: none; color: light-dark(#5d6172, #a4a8b8); }
.dismiss:hover { color: light-dark(#22242c, #e9eaf0); }
.dismiss svg { width: 16px; height: 16px; }
.panel { position: fixed; inset: auto; ${side}: ${x}; bottom: calc(${y} + ${size + 12}px); width: 384px; max-width: calc(100vw - 40px);
  height: min(640px, calc(100dvh - ${size + 56}px)); max-height: none; margin: 0; padding: 0; border: 0; overflow: hidden; border-radius: 16px;
  background: light-dark(#fff, #1b1c23); color: light-dark(#22242c, #e9eaf0);
  box-shadow: 0 0 0 1px light-dark(rgb(20 22 40 / .08), rgb(255 255 255 / .1)), 0 12px 44px rgb(10 12 30 / .24); }
.panel[open] { animation: rise .16s cubic-bezier(.2, 0, 0, 1); transform-origin: bottom ${side}; }
.panel::backdrop { background: none; }
.place { position: absolute; inset: 0; }
.edge { position: absolute; }
.waiting { position: absolute; inset: 0; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 12px;
  padding: 32px; text-align: center; }
.note { margin: 0; max-width: 30ch; color: light-dark(#5d6172, #a4a8b8); }
.again { min-height: 40px; padding: 0 18px; border: 0; border-radius: 10px; background: ${accentColor}; color: ${onAccentColor}; font-weight: 600; }
.quiet { background: none; color: inherit; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; opacity: 0; pointer-events: none; color-scheme: inherit; }
iframe.ready { opacity: 1; pointer-events: auto; }
@keyframes rise { from { opacity: 0; transform: translateY(10px) scale(.98); } }
@media (max-width: 480px), (max-height: 480px) {
  .panel { inset: 0; top: var(--top, 0px); width: 100%; max-width: none; height: var(--height, 100dvh); border-radius: 0; box-shadow: none;
    box-sizing: border-box; padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
    background: linear-gradient(${accentColor} 0 env(safe-area-inset-top), light-dark(#fff, #1b1c23) env(safe-area-inset-top)); }
  .place { position: relative; height: 100%; }
  .launcher.open, .not-mobile { display: none; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
@media print { :host { display: none; } }
`;
}
