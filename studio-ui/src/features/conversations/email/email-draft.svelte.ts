/** What a mail says beside its text: to whom, copies, subject. Kept in this tab until it is sent. */
import { parseAddresses } from '#domain/email.ts';
import type { EmailAddress, EmailPart } from '#domain/message.ts';
import { api } from '../../../lib/api/endpoints.ts';
import type { EmailReplyDefaults } from '../../../lib/api/types.ts';
import { keepText, readText } from '../../../lib/browser-storage.ts';

/** "“bob@” is no email address." Null where there is nothing to refuse. */
export function refusedAddresses(invalid: readonly string[]): string | null {
  const [first, ...more] = invalid.map((one) => `“${one.slice(0, 80)}”`);
  if (first === undefined) return null;
  if (more.length === 0) return `${first} is no email address.`;
  return `${[first, ...more.slice(0, -1)].join(', ')} and ${more.at(-1) ?? ''} are no email addresses.`;
}

const FIELDS = ['to', 'cc', 'bcc'] as const;
type Field = (typeof FIELDS)[number];
interface Chosen {
  to: EmailAddress[];
  cc: EmailAddress[];
  bcc: EmailAddress[];
  subject: string | null;
}
const nothing: Chosen = { to: [], cc: [], bcc: [], subject: null };

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
  /** Somebody chose the recipients: newer mails don't change them. */
  #isChosen = false;
  readonly #key: string;
  readonly subject: string = $derived(this.ownSubject ?? this.defaults?.subject ?? '');
  readonly others: EmailAddress[] = $derived(this.defaults?.others ?? []);
  readonly isToAll: boolean = $derived(
    this.others.length > 0 && this.others.every((one) => isIn([...this.to, ...this.cc, ...this.bcc], one)),
  );
  /** What is typed and is no address, named; nothing may leave then. */
  readonly refusal: string | null = $derived(
    refusedAddresses(FIELDS.flatMap((field) => parseAddresses(this.typed[field]).invalid)),
  );

  constructor(id: string) {
    this.#key = `teloring.draft.${id}.email`;
    const kept = readKept(this.#key);
    if (kept) this.#fill(kept);
    this.#isChosen = kept !== null && kept.to.length + kept.cc.length + kept.bcc.length > 0;
  }

  /** An answer goes to everybody of the last mail until somebody chooses otherwise. Where this fails, what is there stays. */
  async load(conversationId: string): Promise<void> {
    this.accept(await api.emailReply(conversationId).catch(() => this.defaults));
  }
  /** Of a mail that begins a thread: only who it comes from. */
  async loadFirst(inboxId: string): Promise<void> {
    this.defaults = await api.firstEmail(inboxId).catch(() => this.defaults);
  }
  accept(defaults: EmailReplyDefaults | null): void {
    this.defaults = defaults;
    if (!defaults || this.#isChosen) return;
    this.to = defaults.to;
    this.cc = defaults.others;
    this.isCcShown = this.isCcShown || this.cc.length > 0;
  }
  setSubject(text: string): void {
    const line = text.replaceAll(/[\r\n]+/gu, ' ');
    this.ownSubject = line === this.defaults?.subject ? null : line;
  }
  choose(field: Field, addresses: EmailAddress[]): void {
    this.#isChosen = true;
    this[field] = addresses;
  }
  /** Between those who are answered and everybody of the last mail. */
  toggleAll(): void {
    const isToAll = this.isToAll;
    for (const field of FIELDS) this[field] = this[field].filter((one) => !isIn(this.others, one));
    if (!isToAll) this.cc = [...this.cc, ...this.others];
    if (this.to.length === 0) this.to = this.defaults?.to ?? [];
    this.isCcShown = this.cc.length > 0;
    this.#isChosen = true;
  }
  /** What is typed becomes addresses. */
  commit(): void {
    for (const field of FIELDS) {
      const { addresses, invalid } = parseAddresses(this.typed[field]);
      const fresh = addresses.filter((one) => !isIn(this[field], one));
      if (fresh.length > 0) this.choose(field, [...this[field], ...fresh]);
      this.typed[field] = invalid.join(', ');
    }
  }
  /** As shown. Before the defaults are there it leaves them to the server. */
  part(): EmailPart {
    const list = (field: Field) => (this[field].length === 0 ? {} : { [field]: this[field] });
    return { kind: 'email', subject: this.subject.trim(), ...list('to'), ...list('cc'), ...list('bcc') };
  }
  /** A message that came back: as it would have left. */
  restore({ to = [], cc = [], bcc = [], subject }: EmailPart): void {
    this.#fill({
      to,
      cc,
      bcc,
      subject: subject === '' || subject === this.defaults?.subject ? null : subject,
    });
    this.#isChosen = to.length > 0;
  }
  clear(): void {
    this.#fill(nothing);
    this.typed = { to: '', cc: '', bcc: '' };
    this.isCcShown = this.isBccShown = this.#isChosen = false;
    this.accept(this.defaults);
  }
  keep(): void {
    const { to, cc, bcc, ownSubject: subject } = this;
    const chosen: Chosen = this.#isChosen ? { to, cc, bcc, subject } : { ...nothing, subject };
    const isEmpty = !this.#isChosen && subject === null;
    keepText(this.#key, isEmpty ? null : JSON.stringify(chosen), () => sessionStorage);
  }

  #fill({ to, cc, bcc, subject }: Chosen): void {
    this.to = to;
    this.cc = cc;
    this.bcc = bcc;
    this.ownSubject = subject;
    this.isCcShown = cc.length > 0;
    this.isBccShown = bcc.length > 0;
  }
}

function isIn(list: readonly EmailAddress[], { address }: EmailAddress): boolean {
  return list.some((one) => one.address === address);
}

/** Written by this page alone, but another version of it may have been here: what isn't understood is forgotten. */
function readKept(key: string): Chosen | null {
  try {
    const kept = JSON.parse(readText(key, () => sessionStorage) ?? 'null') as Partial<Chosen> | null;
    if (!kept || ![kept.to, kept.cc, kept.bcc].every(Array.isArray)) return null;
    return { to: kept.to ?? [], cc: kept.cc ?? [], bcc: kept.bcc ?? [], subject: kept.subject ?? null };
  } catch {
    return null;
  }
}
