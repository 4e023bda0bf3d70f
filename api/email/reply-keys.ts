import { derivedKey, type Keyring } from '#db/keyring.ts';

/** The keys of reply addresses: the current one signs, older ones of the keyring still open. */
export function emailReplyKeys(keyring: Keyring): Uint8Array[] {
  const others = [...keyring.keys.keys()].filter((keyId) => keyId !== keyring.currentKeyId);
  return [keyring.currentKeyId, ...others].map((keyId) =>
    derivedKey({ currentKeyId: keyId, keys: keyring.keys }, 'email-reply'),
  );
}
