/** What doubles have in common: webhooks on their way, in order and again until they are taken, and faults on demand. */
import type { Json } from '#domain/json.ts';
import type { SandboxDelivery, SandboxDeps, SandboxFault } from './sandbox-contract.ts';

export interface Parcel {
  url: string;
  headers: Record<string, string>;
  body: string;
}
export interface Courier {
  /** Queues a webhook; `make` is asked anew for every try, for signatures carry times and redeliveries say so. Null: nowhere to go. */
  post(make: (attempt: number) => Parcel | null): void;
  delivery(): SandboxDelivery;
  setDelivery(change: Partial<SandboxDelivery>): void;
  /** Lets go of what was held, last first. */
  release(): Promise<void>;
  settled(): Promise<void>;
}

const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 150;

export function createCourier(deps: Pick<SandboxDeps, 'deliver'>): Courier {
  const delivery: SandboxDelivery = { copies: 1, held: false, statuses: true };
  let chain: Promise<void> = Promise.resolve();
  let kept: ((attempt: number) => Parcel | null)[] = [];

  const send = async (make: (attempt: number) => Parcel | null): Promise<void> => {
    for (let copy = 0; copy < delivery.copies; copy += 1) {
      for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
        const parcel = make(attempt);
        if (!parcel) return;
        const { url, headers, body } = parcel;
        const { status } = await deps
          .deliver(url, { method: 'POST', headers, body })
          .catch(() => ({ status: 0 }));
        if (status >= 200 && status < 300) break;
        await pause(FIRST_PAUSE_MS * 2 ** attempt);
      }
    }
  };
  const queue = (make: (attempt: number) => Parcel | null): void => {
    chain = chain.then(() => send(make));
  };
  return {
    post(make) {
      if (delivery.held) kept.push(make);
      else queue(make);
    },
    delivery: () => ({ ...delivery }),
    setDelivery(change) {
      Object.assign(delivery, change);
      if (!delivery.held) for (const make of kept.splice(0)) queue(make);
    },
    async release() {
      const parcels = kept.toReversed();
      kept = [];
      delivery.held = false;
      for (const make of parcels) queue(make);
      await chain;
    },
    async settled() {
      for (let seen: Promise<void> | null = null; seen !== chain;) {
        seen = chain;
        await seen;
      }
    },
  };
}

export interface Faults {
  add(fault: SandboxFault): void;
  clear(): void;
  /** The next fault of these kinds, counted down. */
  take(kinds: readonly SandboxFault['kind'][]): SandboxFault | undefined;
}

export function createFaults(): Faults {
  let faults: { fault: SandboxFault; left: number }[] = [];
  return {
    add: (fault) => void faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    clear: () => void (faults = []),
    take(kinds) {
      const found = faults.find(({ fault, left }) => left > 0 && kinds.includes(fault.kind));
      if (found) found.left -= 1;
      return found?.fault;
    },
  };
}

/** A field that should be text; '' where it isn't. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Longer than anybody waits: the answer of a call whose connection breaks. */
export async function neverAnswered(): Promise<void> {
  await pause(60_000);
}

async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  await promise;
}
