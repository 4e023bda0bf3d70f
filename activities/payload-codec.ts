/** Everything in Temporal's history is sealed: ids and small values, but nobody's business. AES-256-GCM with key ids. */
import type { Payload, PayloadCodec } from '@temporalio/common';
// CommonJS whose names Node can't see: only its default export is there outside of vitest.
import proto from '@temporalio/proto';
import { open, seal, type Keyring } from '#db/keyring.ts';

const encoding = 'binary/encrypted';
const purpose = 'temporal/payload';
const encodingBytes = Buffer.from(encoding);

export function createPayloadCodec(keyring: Keyring): PayloadCodec {
  return {
    async encode(payloads) {
      return payloads.map((payload) => ({
        metadata: { encoding: encodingBytes },
        data: seal(keyring, proto.temporal.api.common.v1.Payload.encode(payload).finish(), purpose),
      }));
    },
    async decode(payloads) {
      return payloads.map((payload) => decodeOne(keyring, payload));
    },
  };
}

function decodeOne(keyring: Keyring, payload: Payload): Payload {
  const name = payload.metadata?.['encoding'];
  if (!name || !payload.data || Buffer.from(name).toString() !== encoding) return payload;
  return proto.temporal.api.common.v1.Payload.decode(open(keyring, payload.data, purpose));
}
