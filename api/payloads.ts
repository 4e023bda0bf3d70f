/** Temporal's codec-server JSON, opened with our keyring. */
import type { PayloadCodec } from '@temporalio/common';
import type { DecodePayloads } from './deps.ts';

export function decodePayloadsWith(codec: PayloadCodec): DecodePayloads {
  return async (payloads) => {
    const decoded = await codec.decode(
      payloads.map(({ metadata, data }) => ({
        metadata: Object.fromEntries(
          Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
        ),
        data: Buffer.from(data ?? '', 'base64'),
      })),
    );
    return decoded.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(data ?? []).toString('base64'),
    }));
  };
}
