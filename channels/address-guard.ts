/** Which addresses a URL that came from a customer may reach: public ones, and private ones only for hosts the deployment allows. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { HttpError } from './http-error.ts';

export interface GuardOptions {
  /** Host names, addresses or CIDR ranges, as they stand in a URL, that may be private: `localhost`, `10.1.0.0/16`. */
  allowPrivateHosts: readonly string[];
  /** Never reached at private addresses, allowed or not: our own Postgres, Temporal, metrics. */
  deniedPorts: readonly number[];
  /** For tests: stands in for the system's resolver. */
  resolve?: (hostname: string) => Promise<LookupAddress[]>;
}
export interface AddressGuard {
  /** What can be said without DNS; a host that is an address never reaches `lookup`. @throws HttpError blocked */
  checkHost(hostname: string, port: number): void;
  /** The addresses of a host, every one of them checked. @throws HttpError blocked or not_sent */
  resolve(hostname: string, port: number): Promise<LookupAddress[]>;
  /** For `net.connect`: the connection goes to exactly what was checked. */
  lookup(port: number): LookupFunction;
}

export function createAddressGuard(options: GuardOptions): AddressGuard {
  const isListed = allowedHosts(options.allowPrivateHosts);
  const resolveNow = options.resolve ?? resolveBySystem;

  const refuse = (host: string, port: number, addresses: readonly string[]): void => {
    // One private address among public ones is how rebinding begins: then none is used.
    if (addresses.every(isPublicAddress)) return;
    if (options.deniedPorts.includes(port))
      throw new HttpError(
        'blocked',
        `Port ${port} of ${host} belongs to this installation and is never called.`,
      );
    if (isListed(host)) return;
    throw new HttpError(
      'blocked',
      `${host} is at a private or reserved address. Use a public one, or let the operator add the host to TELORING_ALLOW_PRIVATE_HOSTS.`,
    );
  };
  const resolve = async (hostname: string, port: number): Promise<LookupAddress[]> => {
    const host = bare(hostname);
    const family = isIP(host);
    const addresses = family === 0 ? await resolveName(resolveNow, host) : [{ address: host, family }];
    refuse(
      host,
      port,
      addresses.map(({ address }) => address),
    );
    return addresses;
  };
  return {
    checkHost(hostname, port) {
      const host = bare(hostname);
      if (isIP(host) !== 0) refuse(host, port, [host]);
    },
    resolve,
    lookup: (port) => (hostname, lookupOptions, callback) => {
      resolve(hostname, port).then(
        (addresses) => {
          const [first] = addresses;
          if (lookupOptions.all || !first) callback(null, addresses);
          else callback(null, first.address, first.family);
        },
        (error: Error) => callback(error, []),
      );
    },
  };
}

async function resolveName(
  resolve: (host: string) => Promise<LookupAddress[]>,
  host: string,
): Promise<LookupAddress[]> {
  const addresses = await resolve(host).catch((error: unknown) => {
    throw new HttpError('not_sent', `The host name ${host} could not be resolved.`, { cause: error });
  });
  if (addresses.length === 0) throw new HttpError('not_sent', `The host name ${host} has no address.`);
  return addresses;
}

/** Public in the sense of the registries: reachable from anywhere, and nobody's metadata service. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  // Azure's platform address is the one metadata service on a public-looking address.
  if (parsed.toString() === '168.63.129.16') return false;
  if (parsed.range() !== 'unicast') return false;
  // Only 2000::/3 is handed out; the rest of IPv6 is reserved or translates to something else.
  return parsed.kind() === 'ipv4' || ((parsed.toByteArray()[0] ?? 0) & 0xe0) === 0x20;
}

function allowedHosts(entries: readonly string[]): (host: string) => boolean {
  const names = new Set(entries.map(bare));
  const ranges = entries.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry));
  return (host) => {
    if (names.has(host)) return true;
    if (isIP(host) === 0) return false;
    const address = ipaddr.process(host);
    if (names.has(address.toString())) return true;
    return ranges.some((range) => range[0].kind() === address.kind() && address.match(range));
  };
}

/** `[::1]` and `LOCALHOST.` as `::1` and `localhost`. */
function bare(host: string): string {
  return host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

async function resolveBySystem(hostname: string): Promise<LookupAddress[]> {
  const { promise, resolve, reject } = Promise.withResolvers<LookupAddress[]>();
  systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  return await promise;
}
