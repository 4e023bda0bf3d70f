/** Where conversations are calls: their events become one card, at the place of the first. Pure. */
import type { Message } from '../../lib/api/types.ts';
import type { ThreadRow } from './thread-rows.ts';

export type CallRow = { kind: 'call'; key: string; messages: Message[] };

export function withCallCards(rows: readonly ThreadRow[]): (ThreadRow | CallRow)[] {
  const events = rows.flatMap((row) => (row.kind === 'message' && isCall(row.message) ? [row.message] : []));
  const [first] = events;
  if (!first) return [...rows];
  const card: CallRow = { kind: 'call', key: `call-${first.id}`, messages: events };
  return rows.flatMap((row): (ThreadRow | CallRow)[] => {
    if (row.kind !== 'message' || !isCall(row.message)) return [row];
    return row.message === first ? [card] : [];
  });
}
const isCall = ({ parts }: Message): boolean => parts[0]?.kind === 'call';
