/** What an answer by email says beside its text: to whom, copies, subject. Kept in this tab until it is sent. */
import { parseAddresses } from '#domain/email.ts';
import type { EmailAddress, EmailPart } from '#domain/message.ts';
import type { EmailReplyDefaults } from '../../../lib/api/types.ts';
import { api } from '../../../lib/api/endpoints.ts';
import { keepText, readText } from '../../../lib/browser-storage.ts';

/** "“bob@” is no email address." Null where there is nothing to refuse. */
export function refusedAddresses(invalid: readonly string[]): string | null {
  const [first, ...more] = invalid.map((one) => `“${one.slice(0, 80)}”`);
  if (first === undefined) return null;
  if (more.length === 0) return `${first} is no email address.`;
  return `${[first, ...more.slice(0, -1)].join(', ')} and ${more.at(-1) ?? ''} are no email addresses.`;
}

type Field = 'to' | 'cc' | 'bcc';
interface Kept {
  to: EmailAddress[];
  cc: EmailAddress[];
  bcc: EmailAddress[];
  subject: string | null;
}

export class EmailDraft {
  defaults = $state.raw<EmailReplyDefaults | null>(null);
  to = $state.raw<EmailAddress[]>([]);
  cc = $state.raw<EmailAddress[]>([]);
  bcc = $state.raw<EmailAddress[]>([]);
  /** Null follows the thread. */
  ownSubject = $state<string | null>(null);
  typed = $state<Record<Field, string>>({ to: '', cc: '', bcc: '' });
  isCcShown = $state(false);
  isBccShown = $state(false);
  readonly #key: string;
  readonly subject: string = $derived(this.ownSubject ?? this.defaults?.subject ?? '');
  /** Everybody else of the last mail: none where it was between the contact and us. */
  readonly others: EmailAddress[] = $derived([
    ...(this.defaults?.replyAll.to ?? []),
    ...(this.defaults?.replyAll.cc ?? []),
  ]);
  readonly isToAll: boolean = $derived(
    this.others.length > 0 &&
      this.others.every(({ address }) => [...this.to, ...this.cc].some((one) => one.address === address)),
  );
  /** What is typed and is no address, named; nothing may leave then. */
  readonly refusal: string | null = $derived(
    refusedAddresses(
      (['to', 'cc', 'bcc'] as const).flatMap((field) => parseAddresses(this.typed[field]).invalid),
    ),
  );

  constructor(id: string) {
    this.#key = `teloring.draft.${id}.email`;
    const kept = readKept(this.#key);
    if (kept) this.#fill(kept);
  }

  /** Where it fails the subject stays as it is: the server knows the thread's. */
  async load(conversationId: string): Promise<void> {
    this.defaults = await api.emailReply(conversationId).catch(() => this.defaults);
  }
  setSubject(text: string): void {
    const line = text.replaceAll(/[\r\n]+/gu, ' ');
    this.ownSubject = line === this.defaults?.subject ? null : line;
  }
  /** Between the contact alone and everybody of the last mail. */
  toggleAll(): void {
    const { to, cc } = this.defaults?.replyAll ?? { to: [], cc: [] };
    const isOther = (one: EmailAddress) => this.others.some(({ address }) => address === one.address);
    const wasToAll = this.isToAll;
    const [ownTo, ownCc] = [this.to, this.cc].map((list) => list.filter((one) => !isOther(one)));
    this.to = [...(ownTo ?? []), ...(wasToAll ? [] : to)];
    this.cc = [...(ownCc ?? []), ...(wasToAll ? [] : cc)];
    this.isCcShown = this.isCcShown || this.cc.length > 0;
  }
  /** What is typed becomes addresses. */
  commit(): void {
    for (const field of ['to', 'cc', 'bcc'] as const) {
      const { addresses, invalid } = parseAddresses(this.typed[field]);
      const known = new Set(this[field].map((one) => one.address));
      this[field] = [...this[field], ...addresses.filter((one) => !known.has(one.address))];
      this.typed[field] = invalid.join(', ');
    }
  }
  part(): EmailPart {
    const list = (field: Field) => (this[field].length === 0 ? {} : { [field]: this[field] });
    return {
      kind: 'email',
      subject: this.subject.trim(),
      ...list('to'),
      ...list('cc'),
      ...list('bcc'),
    };
  }
  /** A message that came back: as it would have left. */
  restore(part: EmailPart): void {
    this.#fill({
      to: part.to ?? [],
      cc: part.cc ?? [],
      bcc: part.bcc ?? [],
      subject: part.subject === '' || part.subject === this.defaults?.subject ? null : part.subject,
    });
  }
  clear(): void {
    this.#fill({ to: [], cc: [], bcc: [], subject: null });
    this.typed = { to: '', cc: '', bcc: '' };
    this.isCcShown = this.isBccShown = false;
  }
  keep(): void {
    const { to, cc, bcc, ownSubject } = this;
    const isEmpty = to.length + cc.length + bcc.length === 0 && ownSubject === null;
    const kept: Kept = { to, cc, bcc, subject: ownSubject };
    keepText(this.#key, isEmpty ? null : JSON.stringify(kept), () => sessionStorage);
  }

  #fill({ to, cc, bcc, subject }: Kept): void {
    this.to = to;
    this.cc = cc;
    this.bcc = bcc;
    this.ownSubject = subject;
    this.isCcShown = cc.length > 0;
    this.isBccShown = bcc.length > 0;
  }
}

/** Written by this page alone, but another version of it may have been here: what isn't understood is forgotten. */
function readKept(key: string): Kept | null {
  try {
    const kept = JSON.parse(readText(key, () => sessionStorage) ?? 'null') as Partial<Kept> | null;
    if (!kept || ![kept.to, kept.cc, kept.bcc].every(Array.isArray)) return null;
    return { to: kept.to ?? [], cc: kept.cc ?? [], bcc: kept.bcc ?? [], subject: kept.subject ?? null };
  } catch {
    return null;
  }
}
