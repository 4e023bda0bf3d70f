import { getConnInfo } from '@hono/node-server/conninfo';
import ipaddr from 'ipaddr.js';
import type { Context } from 'hono';
import type { AppEnv } from '../deps.ts';

/** The peer of this connection; `unknown` where there is no socket (a request made in-process). */
export function peerAddress(c: Context<AppEnv>): string {
  try {
    return getConnInfo(c).remote.address ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** Whether the request was made on this machine and not through a proxy on it. */
export function isLocalRequest(c: Context<AppEnv>): boolean {
  if (c.req.header('x-forwarded-for') !== undefined || c.req.header('forwarded') !== undefined) return false;
  const address = peerAddress(c);
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}

/** The peer, or whom a proxy in our own network (loopback, private) says it speaks for: the last entry, which that proxy wrote. */
export function forwardedAddress(c: Context<AppEnv>): string {
  const peer = peerAddress(c);
  const last = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  if (last === undefined) return peer;
  if (!ipaddr.isValid(peer) || !ipaddr.isValid(last)) return peer;
  const range = ipaddr.process(peer).range();
  return range === 'loopback' || range === 'private' || range === 'uniqueLocal' ? last : peer;
}
