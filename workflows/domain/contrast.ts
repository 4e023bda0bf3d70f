/** Colours that can be read on each other, by WCAG's contrast ratio. Colours are written `#rrggbb`. */

/** What small text needs (WCAG 2, level AA). */
export const READABLE = 4.5;

/** 1 (the same) to 21 (black on white). */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** What to write on a colour: white where that is readable, else a soft black, else black. Always readable. */
export function readableOn(background: string): string {
  return (
    ['#ffffff', '#111111'].find((color) => contrast(color, background) >= READABLE) ??
    (contrast('#000000', background) >= READABLE ? '#000000' : '#ffffff')
  );
}

/** The colour itself where it can be read on the surface, else as little darker or lighter as it takes. */
export function readableText(color: string, surface: string): string {
  const towards = contrast('#000000', surface) > contrast('#ffffff', surface) ? 0 : 255;
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(color, towards, share);
    if (contrast(mixed, surface) >= READABLE) return mixed;
  }
  return towards === 0 ? '#000000' : '#ffffff';
}

function mix(color: string, towards: number, share: number): string {
  const channels = channelsOf(color).map((value) => Math.round(value + (towards - value) * share));
  return `#${channels.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(color).map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channelsOf(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}
