/** Ports other than PORT: free ones, remembered in TELORING_HOME so that URLs and inboxes that name them stay right. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { readJsonIfThere, writePrivateFile } from './files.ts';
import { StartError } from './start-error.ts';

const PORT_NAMES = [
  'postgres',
  'temporal',
  'temporalHttp',
  'temporalUi',
  'temporalMetrics',
  'demoReceiver',
  'smtp',
] as const;
export type PortName = (typeof PORT_NAMES)[number];
export type Ports = Record<PortName, number>;

const rememberedSchema = z.partialRecord(z.enum(PORT_NAMES), z.int());

export interface PortOptions {
  /** Ports that stay as they are even where another program has taken them. */
  keep?: readonly PortName[];
  /** Never chosen: PORT. */
  reserved?: readonly number[];
}

/**
 * The ports of this home. One that another program has taken since is replaced by a free one, except those in `keep`: something
 * outside knows them.
 */
export async function rememberedPorts(home: string, options: PortOptions = {}): Promise<Ports> {
  const { keep = ['demoReceiver'], reserved = [] } = options;
  const file = path.join(home, 'ports.json');
  const parsed = rememberedSchema.safeParse(readJsonIfThere(file));
  const remembered = parsed.success ? parsed.data : {};
  const taken = new Set<number>(reserved);
  const ports: Partial<Ports> = {};
  for (const name of PORT_NAMES) {
    const port = remembered[name];
    const good =
      port !== undefined && !taken.has(port) && (keep.includes(name) || (await isFree('127.0.0.1', port)));
    const chosen = good ? port : await freePort(taken);
    taken.add(chosen);
    ports[name] = chosen;
  }
  await writePrivateFile(file, JSON.stringify(ports, null, 2) + '\n');
  return ports as Ports;
}

/** As last remembered; null before the first start. */
export function lastPorts(home: string): Partial<Ports> | null {
  const parsed = rememberedSchema.safeParse(readJsonIfThere(path.join(home, 'ports.json')));
  return parsed.success ? parsed.data : null;
}

export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Below the range the system hands to outgoing connections, so that a remembered port is likely free after a restart. */
async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(20_000, 32_000);
    if (!taken.has(port) && (await isFree('127.0.0.1', port))) return port;
  }
  throw new StartError(
    'No free port between 20000 and 32000 on 127.0.0.1 after 200 tries. End some programs and start again.',
  );
}
