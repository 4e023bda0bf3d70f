/** Where marks stand on the ring: first at twelve o'clock, evenly, clockwise. In percent of the ring's box. Pure. */
import { CHANNEL_TYPES, type ChannelType } from '#domain/channel.ts';

export interface Spot {
  type: ChannelType;
  x: number;
  y: number;
  /** Where its words stand, so that they never lie on the ring. */
  side: 'top' | 'right' | 'bottom' | 'left';
}
export function ringSpots(radiusPercent: number): Spot[] {
  return CHANNEL_TYPES.map((type, index) => {
    const angle = (index / CHANNEL_TYPES.length) * 2 * Math.PI - Math.PI / 2;
    const [across, down] = [Math.cos(angle), Math.sin(angle)];
    const side = Math.abs(across) > 0.35 ? (across > 0 ? 'right' : 'left') : down < 0 ? 'top' : 'bottom';
    return { type, x: 50 + radiusPercent * across, y: 50 + radiusPercent * down, side };
  });
}
