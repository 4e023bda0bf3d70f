/** Who somebody is: by business-scoped user id where Meta gives one, since phone numbers may be missing or change hands. */
import type { JsonObject } from '#domain/json.ts';
import type { InboundContact } from '../contract.ts';
import * as wire from './wire.ts';

export interface Names {
  phone?: string | undefined;
  userId?: string | undefined;
  parentUserId?: string | undefined;
}

/** Null where nobody is named. A phone number is an alias beside a user id: contacts known by it get the id from now on. */
export function personOf({ phone, userId, parentUserId }: Names, name?: string): InboundContact | null {
  const externalId = userId ?? parentUserId ?? phone;
  if (externalId === undefined) return null;
  const aliases = [parentUserId, phone].filter((alias) => alias !== undefined && alias !== externalId);
  return {
    externalId,
    ...(name ? { name } : {}),
    ...(phone === undefined ? {} : { phone: withPlus(phone) }),
    ...(aliases.length === 0 ? {} : { aliases: [...new Set(aliases)] as string[] }),
  };
}

/** Where an answer goes: the group, else the number, else the user id. */
export function addressOf({ phone, userId, parentUserId }: Names, groupId: string | undefined): JsonObject {
  if (groupId !== undefined) return { group: groupId };
  return {
    ...(phone === undefined ? {} : { to: phone }),
    ...(userId === undefined ? {} : { recipient: userId }),
    ...(userId === undefined && parentUserId !== undefined ? { recipient: parentUserId } : {}),
  };
}

/** Business-scoped ids begin with a country and a dot; phone numbers never do. */
export function isUserId(externalId: string): boolean {
  return /^[A-Z]{2}\./.test(externalId);
}

/** The body's `contacts` entry for these names: what it adds beside them. */
export function contactFor(contacts: readonly unknown[], names: Names): wire.Contact {
  const read = contacts.flatMap((each) => {
    const one = wire.contact.safeParse(each);
    return one.success ? [one.data] : [];
  });
  const fits = read.find(
    ({ user_id: userId, wa_id: phone }) =>
      (userId !== undefined && userId === names.userId) || (phone !== undefined && phone === names.phone),
  );
  const nameless = names.userId === undefined && names.phone === undefined;
  const [only] = read;
  // One entry and no name to hold against it: a body about one person.
  return fits ?? (nameless && read.length === 1 && only ? only : {});
}

/** A display name; the user name where there is none. */
export function nameOf({ profile }: wire.Contact): string | undefined {
  return profile?.name || (profile?.username ? `@${profile.username.replace(/^@/, '')}` : undefined);
}

function withPlus(phone: string): string {
  return /^\d+$/.test(phone) ? `+${phone}` : phone;
}
