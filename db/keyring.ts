/** AES-256-GCM with key ids: what seals credentials in Postgres and payloads in Temporal's history. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

export interface Keyring {
  /** Seals with this one; opens with any. */
  currentKeyId: string;
  keys: ReadonlyMap<string, Buffer>;
}

const formatVersion = 1;
const ivLength = 12;
const tagLength = 16;
const keyIdLength = 8;

/**
 * @param secretKeys TELORING_SECRET_KEY: one 32-byte base64 key, or several separated by commas, the first sealing and the others
 * still opening what was sealed before a rotation.
 * @throws Error if a key isn't 32 bytes
 */
export function createKeyring(secretKeys: string): Keyring {
  const keys = new Map<string, Buffer>();
  let currentKeyId: string | undefined;
  for (const text of secretKeys.split(',').map((part) => part.trim())) {
    const key = Buffer.from(text, 'base64');
    if (key.length !== 32) {
      throw new Error(
        'TELORING_SECRET_KEY must be 32 bytes in base64 (make one with: openssl rand -base64 32).',
      );
    }
    const id = createHash('sha256').update(key).digest('hex').slice(0, keyIdLength);
    currentKeyId ??= id;
    keys.set(id, key);
  }
  if (currentKeyId === undefined) throw new Error('TELORING_SECRET_KEY is empty.');
  return { currentKeyId, keys };
}

/** Seals bytes for one purpose (such as `inbox/<id>`): what was sealed for another purpose doesn't open. */
export function seal(keyring: Keyring, plain: Uint8Array, purpose: string): Buffer {
  const keyId = keyring.currentKeyId;
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', keyFor(keyring, keyId), iv);
  cipher.setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from([formatVersion]), Buffer.from(keyId), iv, cipher.getAuthTag(), sealed]);
}

/** @throws Error if the key is unknown, the purpose differs or a bit was changed */
export function open(keyring: Keyring, sealed: Uint8Array, purpose: string): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes[0] !== formatVersion) throw new Error('Sealed data of an unknown format.');
  const keyId = sealedWith(bytes);
  const ivStart = 1 + keyIdLength;
  const tagStart = ivStart + ivLength;
  const bodyStart = tagStart + tagLength;
  const decipher = createDecipheriv('aes-256-gcm', keyFor(keyring, keyId), bytes.subarray(ivStart, tagStart));
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(bytes.subarray(tagStart, bodyStart));
  return Buffer.concat([decipher.update(bytes.subarray(bodyStart)), decipher.final()]);
}

/** The id of the key that sealed this; what the rotation command compares. */
export function sealedWith(sealed: Uint8Array): string {
  return Buffer.from(sealed.subarray(1, 1 + keyIdLength)).toString('latin1');
}

/** A key for one other use (session signing, visitor tokens), derived so that no two uses share a key. */
export function derivedKey(keyring: Keyring, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keyFor(keyring, keyring.currentKeyId), '', use, 32));
}

function keyFor(keyring: Keyring, keyId: string): Buffer {
  const key = keyring.keys.get(keyId);
  if (!key)
    throw new Error(
      `Sealed with key ${keyId}, which TELORING_SECRET_KEY doesn't list. Add the old key after a comma.`,
    );
  return key;
}
