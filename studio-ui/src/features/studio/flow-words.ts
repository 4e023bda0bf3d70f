import type { Flow } from '../../lib/api/types.ts';

export type FlowState = { word: string; tone: 'ok' | 'neutral' | 'info'; says: string };

/** What a flow does just now. */
export function flowState(flow: Pick<Flow, 'enabled' | 'publishedVersionNo'>): FlowState {
  if (flow.publishedVersionNo === null)
    return { word: 'Draft', tone: 'info', says: 'Not published yet: it starts for nobody.' };
  if (!flow.enabled)
    return {
      word: 'Off',
      tone: 'neutral',
      says: 'Published, but switched off: running ones go on, new ones don’t start.',
    };
  return { word: 'On', tone: 'ok', says: 'Its triggers start it.' };
}
