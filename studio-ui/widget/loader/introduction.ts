/**
 * Who the page says its visitor is. Said to the frame whenever one is there; a logout is remembered until the frame has done it, also
 * across the page change that usually follows it.
 */
import type { Identity, ToFrame, ToHost } from '../protocol.ts';
import type { TeloringChat, TeloringIdentity } from '../teloring.d.ts';
import type { Events } from './events.ts';
import type { Memory } from './memory.ts';

type Fields = Parameters<TeloringChat['setFields']>[0];
const logoutKey = '-logout';

export function createIntroduction(memory: Memory, events: Events, tell: (message: ToFrame) => void) {
  let identity: Identity | null = null;
  let fields: Fields = {};
  let announced: string | null = null;
  let requests = 0;
  // In memory too: pages without storage.
  let leaving = memory.kept(logoutKey)[''] !== undefined;

  const introduce = (): void => {
    requests += 1;
    const requestId = String(requests);
    if (leaving) return tell({ teloring: 'host', kind: 'logout', requestId });
    if (identity) tell({ teloring: 'host', kind: 'identify', requestId, identity });
    if (Object.keys(fields).length > 0) tell({ teloring: 'host', kind: 'fields', fields });
  };
  return {
    /** To be called when the frame is ready, and after each change. */
    introduce,
    isLeaving: (): boolean => leaving,
    identify({ id, ...rest }: TeloringIdentity): void {
      identity = { externalId: id, ...rest };
      announced = null;
    },
    setFields(given: Fields): void {
      fields = { ...fields, ...given };
    },
    logout(): void {
      [identity, fields, announced, leaving] = [null, {}, null, true];
      memory.keep(logoutKey, '1');
    },
    /** @returns whether the message was about this */
    hear(message: ToHost): boolean {
      if (message.kind === 'identified') {
        if (announced !== message.externalId) events.emit('identified', { id: message.externalId });
        announced = message.externalId;
      } else if (message.kind === 'not_identified') {
        events.emit('error', { code: message.code, message: message.message });
      } else if (message.kind === 'logged_out') {
        leaving = false;
        memory.keep(logoutKey, null);
        memory.keep('', null);
        introduce();
      } else {
        return false;
      }
      return true;
    },
  };
}
