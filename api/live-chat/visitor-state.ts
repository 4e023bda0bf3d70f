/** What the chat is like for a visitor now: what is asked of them, whether somebody is there, what the team has read. */
import type { VisitorSession } from '#channels/live_chat/visitor-token.ts';
import { inWorkspace, type Tx } from '#db/client.ts';
import { openSurvey } from '#db/csat.ts';
import { visitorProfile, type VisitorProfile } from '#db/visitor-profiles.ts';
import { seenByTeam, type ThreadPlace } from '#db/visitors.ts';
import { openAt } from '#domain/live-chat/hours.ts';
import { asksFirst } from '#domain/live-chat/pre-chat.ts';
import type { CsatScale, PreChat } from '#domain/live-chat/settings.ts';
import { settingsOf } from './settings.ts';
import { visitorOf, type LiveChatDeps, type LiveChatInbox } from './visitors.ts';

export interface VisitorState {
  preChat: 'ask' | 'done';
  /** Questions whose answers the website gave. */
  known: string[];
  hours: { open: boolean; opensAt: string | null } | null;
  survey: { id: string; scale: CsatScale } | null;
  identified: boolean;
  seen: ThreadPlace | null;
}

export async function visitorState(
  tx: Tx,
  inbox: LiveChatInbox,
  session: VisitorSession,
  now: Date,
): Promise<VisitorState> {
  const { preChat, hours } = settingsOf(inbox);
  const visitor = visitorOf(session);
  const profile = asksFirst(preChat) ? await visitorProfile(tx, visitor) : null;
  const { open, opensAt } = hours.enabled ? openAt(hours, now) : { open: true, opensAt: null };
  return {
    preChat: mustBeAsked(preChat, profile) ? 'ask' : 'done',
    known: session.personId === null ? [] : knownOf(profile),
    hours: hours.enabled ? { open, opensAt: opensAt?.toISOString() ?? null } : null,
    survey: await openSurvey(tx, visitor),
    identified: session.personId !== null,
    seen: await seenByTeam(tx, visitor),
  };
}

/** Before the first message: never in the middle of a conversation. */
export function mustBeAsked(preChat: PreChat, profile: VisitorProfile | null): boolean {
  return asksFirst(preChat) && !(profile?.hasWritten ?? false) && profile?.answers == null;
}

export function knownOf(profile: VisitorProfile | null): string[] {
  return (['name', 'email', 'phone'] as const).filter((field) => profile?.[field] != null);
}

export async function stateNow(
  deps: LiveChatDeps,
  inbox: LiveChatInbox,
  session: VisitorSession,
): Promise<VisitorState> {
  return inWorkspace(deps.appDb, inbox.workspaceId, (tx) => visitorState(tx, inbox, session, new Date()));
}
