/** Postgres and Temporal of our own: whichever isn't external, ready and watched. */
import { stopLeftovers } from './leftovers.ts';
import { rememberedPorts, type Ports } from './ports.ts';
import { preparePostgres } from './postgres.ts';
import { findTemporal } from './temporal-binary.ts';
import { prepareTemporal } from './temporal.ts';
import type { Supervisor } from './supervise.ts';

export interface EmbeddedOptions {
  home: string;
  /** Null where it is external. */
  postgres: { maxConnections: number; fsync: boolean } | null;
  temporal: { namespace: string; durable: boolean; uiCodecEndpoint: string | null } | null;
  /** Ports that are somebody else's to listen on: PORT. */
  reservedPorts?: readonly number[];
  env: Readonly<Record<string, string | undefined>>;
  say: (line: string) => void;
  /** Runs the children; stopped again when one of them can't start. */
  supervisor: Supervisor;
  signal?: AbortSignal;
}
export interface EmbeddedServices {
  /** Null where it is external. */
  databaseUrl: string | null;
  temporalAddress: string | null;
  temporalUiUrl: string | null;
  ports: Ports;
}

/**
 * Stops what an earlier start left, then starts the services. The caller holds the home's lock. When it throws, what it had started
 * is stopped again.
 * @throws StartError
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServices> {
  const { home, env, say, supervisor } = options;
  const leftovers = await stopLeftovers(home);
  if (leftovers.length > 0) say(`Stopped what an earlier start had left running: ${leftovers.join(', ')}.`);
  const ports = await rememberedPorts(home, { reserved: options.reservedPorts ?? [] });
  // One that fails ends the other's start (a build of Temporal takes minutes).
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(options.signal ? [options.signal] : [])]);
  signal.addEventListener('abort', () => void supervisor.stop());
  const abortOnFailure = (error: unknown): never => {
    failure.abort(error);
    throw error;
  };
  try {
    const [databaseUrl, temporal] = await settleAll([
      startPostgres().catch(abortOnFailure),
      startTemporal().catch(abortOnFailure),
    ]);
    return {
      databaseUrl,
      temporalAddress: temporal?.address ?? null,
      temporalUiUrl: temporal?.uiUrl ?? null,
      ports,
    };
  } catch (error) {
    await supervisor.stop();
    throw failure.signal.aborted ? failure.signal.reason : error;
  }

  async function startPostgres(): Promise<string | null> {
    if (!options.postgres) return null;
    const postgres = await preparePostgres({ home, port: ports.postgres, say, signal, ...options.postgres });
    signal.throwIfAborted();
    await supervisor.run('postgres', postgres.start);
    return postgres.databaseUrl;
  }

  async function startTemporal() {
    if (!options.temporal) return null;
    const program = await findTemporal({ env, say, signal });
    signal.throwIfAborted();
    const temporal = prepareTemporal({ home, program, ports, ...options.temporal });
    await supervisor.run('temporal', temporal.start);
    return temporal;
  }
}

/** Like Promise.all, but waits for every one before it throws, so that nothing starts behind a failure. */
async function settleAll<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled(work);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
