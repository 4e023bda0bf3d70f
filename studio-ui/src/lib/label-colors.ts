/** The colours a label may have, and their hues; null is the neutral grey. */
export const LABEL_COLORS = [
  'neutral',
  'red',
  'orange',
  'yellow',
  'green',
  'teal',
  'blue',
  'purple',
  'pink',
] as const;
export type LabelColor = (typeof LABEL_COLORS)[number];

const hues: Record<LabelColor, number | null> = {
  neutral: null,
  red: 25,
  orange: 50,
  yellow: 90,
  green: 150,
  teal: 190,
  blue: 250,
  purple: 300,
  pink: 350,
};
export function hueOfColor(color: string): number | null {
  return LABEL_COLORS.find((known) => known === color) === undefined ? null : hues[color as LabelColor];
}
