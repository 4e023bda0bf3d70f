import type { CallFields } from './fields.ts';
import type { Caller } from './tokens.ts';
import type { Webhooks } from './webhooks.ts';
import type { World } from './world.ts';

/** One call of Graph, read: the version is gone from its path. */
export interface Call {
  world: World;
  webhooks: Webhooks;
  method: string;
  segments: string[];
  fields: CallFields;
  bearer: string;
  caller: Caller;
  /** Set by `window_closed` and `contact_unreachable`, which WhatsApp tells by status. */
  laterFault?: 'window_closed' | 'contact_unreachable';
}
