/** A conversation in a line. Pure. */
import type { Activity, Conversation, Message } from '../../lib/api/types.ts';

export function contactName(conversation: Pick<Conversation, 'contact'>): string {
  return conversation.contact.name || conversation.contact.externalId;
}

/** Who speaks, where it has to be said. */
export function authorName(message: Message, conversation: Conversation, channel: string): string {
  const { author, direction } = message;
  if (direction === 'in') return author.name ?? contactName(conversation);
  if (author.kind === 'bot') return author.name ?? 'Bot';
  if (isFromOwnApp(message)) return `Sent from ${channel}’s own app`;
  return author.name ?? 'Teloring';
}

/** What nobody here sent came to us as the provider's echo: a person wrote it in the provider's own app. */
export function isFromOwnApp({ author, direction }: Message): boolean {
  return direction === 'out' && author.kind === 'agent' && !author.id && !author.name;
}

/** Who took a message away; null while it is there. */
export function deletedWords(message: Message, activities: readonly Activity[]): string | null {
  if (!message.deletedAt) return null;
  if (message.direction !== 'in') return 'Deleted at the provider';
  const ours = activities.some(
    (activity) => activity.kind === 'comment_delete' && activity.data['messageId'] === message.id,
  );
  return ours ? 'Deleted by us' : 'Deleted by the customer';
}

/** The last message in one line. */
export function preview(conversation: Conversation): string {
  const last = conversation.lastMessage;
  if (!last) return 'No message yet';
  const text = last.text.replace(/\s+/g, ' ').trim().slice(0, 200) || 'Attachment';
  return last.subject ? `${last.subject} — ${text}` : text;
}

interface Names {
  member: (userId: string) => string | undefined;
  team: (teamId: string) => string | undefined;
  customer?: (customerId: string) => string | undefined;
}

/** What an activity line says. Unknown kinds are shown by their name rather than dropped. */
export function activityWords(activity: Activity, names: Names): string {
  const who = actorName(activity, names);
  const text = (key: string): string | undefined => {
    const value = activity.data[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const list = (key: string): string => {
    const value = activity.data[key];
    return Array.isArray(value)
      ? value.map((item) => `“${typeof item === 'string' ? item : JSON.stringify(item)}”`).join(', ')
      : '';
  };
  const flow = text('flowName') ?? text('name');
  const words: Record<string, () => string> = {
    taken_over: () => `${who} took over from the bot`,
    given_back: () => `${who} gave it back to the bot`,
    resolved: () => `${who} resolved the conversation`,
    reopened: () =>
      activity.actor.kind === 'contact'
        ? 'A new message reopened the conversation'
        : `${who} reopened the conversation`,
    snoozed: () => `${who} snoozed the conversation`,
    set_pending: () => `${who} set it to pending`,
    assigned: () => assignedWords(who, text('assigneeId'), text('teamId'), names),
    labelled: () => labelWords(who, list('added') || list('add'), list('removed') || list('remove')),
    prioritized: () => `${who} set the priority to ${text('priority') ?? 'none'}`,
    flow_started: () => `Flow ${flow ? `“${flow}” ` : ''}started`,
    flow_ended: () =>
      `Flow ${flow ? `“${flow}” ` : ''}${text('status') ?? 'ended'}${text('error') ? `: ${text('error')}` : ''}`,
    flow_not_started: () => `A flow wasn’t started: ${text('reason') ?? 'no reason known'}`,
    flow_cancelled: () => `${who} cancelled the flow`,
    handed_off: () => `The bot handed over to a person${text('note') ? `: ${text('note')}` : ''}`,
    customer_connected: () => `${who} ${text('customerId') ? 'connected a' : 'disconnected the'} customer`,
    contact_blocked: () => 'The customer blocked this inbox',
    contact_unblocked: () => 'The customer came back',
    contact_updated: () => 'The customer changed their profile',
    comment_hide: () => `${who} hid a comment`,
    comment_unhide: () => `${who} showed a hidden comment again`,
    comment_like: () => `${who} liked a comment`,
    comment_unlike: () => `${who} took back the like of a comment`,
    comment_delete: () => `${who} deleted a comment`,
    identified: () => 'The visitor signed in on the website; what stands above was written before',
    mailed: () => `The visitor had left: the replies went to ${text('to') ?? 'their address'}`,
    rated: () => ratedWords(activity.data),
    reaction: () => `Reaction ${text('emoji') ?? 'taken back'}`,
  };
  return words[activity.kind]?.() ?? `${who}: ${activity.kind.replaceAll('_', ' ')}`;
}

const FACES = ['Terrible', 'Bad', 'Okay', 'Good', 'Great'];

/** What the customer said of the conversation. */
function ratedWords({ score, scale, comment }: Activity['data']): string {
  const verdict = scale === 'thumbs' ? ['Thumbs down', 'Thumbs up'] : FACES;
  const word = typeof score === 'number' ? verdict[score - 1] : undefined;
  const of = scale === 'faces' && typeof score === 'number' ? ` (${score} of 5)` : '';
  const said = typeof comment === 'string' && comment !== '' ? `: “${comment}”` : '';
  return `The customer rated the conversation: ${word ?? 'unknown'}${of}${said}`;
}

function actorName(activity: Activity, names: Names): string {
  const { actor } = activity;
  if (actor.name) return actor.name;
  const member = actor.id ? names.member(actor.id) : undefined;
  if (member) return member;
  const kinds: Record<string, string> = {
    agent: 'Somebody',
    api_key: 'An API key',
    bot: 'The bot',
    run: 'The bot',
    contact: 'The contact',
  };
  return kinds[actor.kind] ?? 'Teloring';
}
function assignedWords(
  who: string,
  assigneeId: string | undefined,
  teamId: string | undefined,
  names: Names,
): string {
  const person = assigneeId ? (names.member(assigneeId) ?? 'a former member') : undefined;
  const team = teamId ? (names.team(teamId) ?? 'a former team') : undefined;
  if (!person && !team) return `${who} took the assignment back`;
  if (person === who) return `${who} took it on${team ? ` for ${team}` : ''}`;
  return `${who} assigned it to ${[person, team].filter(Boolean).join(' in ')}`;
}
function labelWords(who: string, added: string, removed: string): string {
  if (added && removed) return `${who} added ${added} and removed ${removed}`;
  if (removed) return `${who} removed the label ${removed}`;
  return `${who} added the label ${added}`;
}
