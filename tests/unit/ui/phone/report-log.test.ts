import { describe, expect, it, vi } from 'vitest';
import { createReportLog, type LogStorage } from '../../../../studio-ui/src/features/phone/report-log.ts';

interface Entry {
  id: string;
}
function memory(text: string | null = null): LogStorage & { text: string | null } {
  const storage = {
    text,
    read: () => storage.text,
    write: (next: string) => {
      storage.text = next;
      return true;
    },
  };
  return storage;
}
const now = () => Promise.resolve();
const ids = (storage: { text: string | null }) =>
  (JSON.parse(storage.text ?? '[]') as Entry[]).map(({ id }) => id);

describe('what the softphone has to tell', () => {
  it('is written down before it is sent, and forgotten once it is taken', async () => {
    const storage = memory();
    const seen: string[][] = [];
    const log = createReportLog<Entry>({
      storage,
      send: async () => {
        seen.push(ids(storage));
        return 'taken';
      },
    });
    log.add({ id: '1' });
    log.add({ id: '2' });
    await log.drain();
    expect(seen).toEqual([['1'], ['2']]);
    expect(ids(storage)).toEqual([]);
  });

  it('goes out in order, and one that isn’t taken holds up those behind it', async () => {
    const sent: string[] = [];
    let failing = 3;
    const log = createReportLog<Entry>({
      storage: memory(),
      send: async ({ id }) => {
        sent.push(id);
        if (id === '1' && failing-- > 0) return 'later';
        return 'taken';
      },
      wait: now,
    });
    log.add({ id: '1' });
    log.add({ id: '2' });
    await log.drain();
    expect(sent).toEqual(['1', '1', '1', '1', '2']);
  });

  it('is sent by the next visit where a crash came between', async () => {
    const storage = memory();
    createReportLog<Entry>({ storage, send: () => new Promise(() => undefined) }).add({ id: '1' });
    const sent: string[] = [];
    const log = createReportLog<Entry>({
      storage,
      send: async ({ id }) => {
        sent.push(id);
        return 'taken';
      },
    });
    await log.drain();
    expect(sent).toEqual(['1']);
  });

  it('is given up only where the server never takes it', async () => {
    const sent: string[] = [];
    const log = createReportLog<Entry>({
      storage: memory(),
      send: async ({ id }) => {
        sent.push(id);
        if (id === 'bad') return 'refused';
        return sent.length === 2 ? Promise.reject(new Error('offline')) : 'taken';
      },
      wait: now,
    });
    log.add({ id: 'bad' });
    log.add({ id: 'good' });
    await log.drain();
    expect(sent).toEqual(['bad', 'good', 'good']);
    expect(log.waiting()).toEqual([]);
  });

  it('is tried at once when the network is back', async () => {
    let isUp = false;
    const waits: number[] = [];
    const log = createReportLog<Entry>({
      storage: memory(),
      send: async () => (isUp ? 'taken' : 'later'),
      wait: (ms) => {
        waits.push(ms);
        return new Promise(() => undefined);
      },
    });
    log.add({ id: '1' });
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    isUp = true;
    log.hurry();
    await vi.waitFor(() => expect(log.waiting()).toEqual([]));
  });

  it('reads nothing out of what isn’t its own', () => {
    for (const text of ['{', '{"id":"1"}', '[1,null,{"id":2}]', null])
      expect(createReportLog<Entry>({ storage: memory(text), send: async () => 'taken' }).waiting()).toEqual(
        [],
      );
  });
});
