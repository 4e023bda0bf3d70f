/** Where marks stand on the ring: first at twelve o'clock, evenly, clockwise. In percent of the ring's box. Pure. */
import { CHANNEL_TYPES, type ChannelType } from '#domain/channel.ts';

export interface Spot {
  type: ChannelType;
  x: number;
  y: number;
}
export function ringSpots(radiusPercent: number): Spot[] {
  return CHANNEL_TYPES.map((type, index) => {
    const angle = (index / CHANNEL_TYPES.length) * 2 * Math.PI - Math.PI / 2;
    return { type, x: 50 + radiusPercent * Math.cos(angle), y: 50 + radiusPercent * Math.sin(angle) };
  });
}
