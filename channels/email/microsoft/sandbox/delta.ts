/** What changed in a folder since a link that was given before. */
import type { Message } from '@microsoft/microsoft-graph-types';
import { Refusal } from './answers.ts';
import { shownId, shownItem } from './item.ts';
import type { Call } from './messages.ts';
import { graphBase, type Mailbox } from './world.ts';

interface Place {
  epoch: number;
  /** Up to where changes have been told. */
  at: number;
  sinceMs: number;
  immutable: boolean;
  select: string[] | null;
  createdOnly: boolean;
}
interface Removed {
  id: string;
  '@removed': { reason: 'deleted' | 'changed' };
}

const DEFAULT_PAGE = 10;

export function delta(call: Call, folder: string): Response {
  const { mailbox, query, request } = call;
  if (mailbox.faults.take(['resync_required'])) mailbox.epoch += 1;
  const given = query.get('$skiptoken') ?? query.get('$deltatoken');
  const place = given === null ? beginning(call) : opened(mailbox, given);
  const [, size] = /odata\.maxpagesize=(\d+)/.exec(request.headers.get('prefer') ?? '') ?? [];
  const page = size === undefined ? DEFAULT_PAGE : Math.max(Number(size), 1);
  const value: (Message | Removed)[] = [];
  let at = place.at;
  for (; at < mailbox.changes.length && value.length < page; at += 1) {
    const change = mailbox.changes[at];
    if (!change || change.folder !== folder) continue;
    const item = mailbox.items.get(change.id);
    if (change.kind === 'removed') {
      if (!place.createdOnly) value.push({ id: change.id, '@removed': { reason: 'deleted' } });
    } else if (item && item.folder === folder && item.receivedMs >= place.sinceMs)
      value.push({ ...shownItem(item, place.immutable, place.select), id: shownId(item, place.immutable) });
  }
  const isLast = at >= mailbox.changes.length;
  const link = `${graphBase(call.world)}${call.owner}/mailFolders('${folder}')/messages/delta?${isLast ? '$deltatoken' : '$skiptoken'}=${sealed({ ...place, at })}`;
  return Response.json({
    '@odata.context': `${graphBase(call.world)}/$metadata#Collection(message)`,
    [isLast ? '@odata.deltaLink' : '@odata.nextLink']: link,
    value,
  });
}

function beginning({ mailbox, query, immutable }: Call): Place {
  const filter = query.get('$filter');
  const [, since] = /^receivedDateTime (?:ge|gt) (\S+)$/.exec(filter ?? '') ?? [];
  if (filter !== null && (since === undefined || Number.isNaN(Date.parse(since))))
    throw new Refusal(
      400,
      'ErrorInvalidUrlQueryFilter',
      'The query filter contains one or more invalid nodes.',
    );
  return {
    epoch: mailbox.epoch,
    at: 0,
    sinceMs: since === undefined ? 0 : Date.parse(since),
    immutable,
    select: query.get('$select')?.split(',') ?? null,
    createdOnly: query.get('changeType') === 'created',
  };
}

const sealed = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');

function opened(mailbox: Mailbox, token: string): Place {
  const place = read(token);
  if (!place || place.epoch !== mailbox.epoch)
    throw new Refusal(
      410,
      'SyncStateNotFound',
      'The sync state generation is not found; a full synchronization is needed.',
    );
  return place;
}
function read(token: string): Place | null {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Place;
  } catch {
    return null;
  }
}
