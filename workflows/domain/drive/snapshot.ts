/**
 * What one transaction of the drive protocol sees (snapshot) and what it decides (plan). Both are plain JSON: SQL reads the one
 * under the conversation's row lock and stores the other in the same transaction; everything between them is a pure function.
 */
import type { ConversationStatus, Owner, Priority } from '../conversation.ts';
import type { Capabilities, ChannelType } from '../channel.ts';
import type {
  Change,
  ContactView,
  CustomerView,
  Effect,
  FlowDefinition,
  MessageView,
  RunState,
  StepVisit,
} from '../flow/types.ts';
import type { Json, JsonObject } from '../json.ts';
import type { MessageError, MessageStatus, Part } from '../message.ts';

export type RunStatus = 'active' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'terminated';

export interface RunRow {
  id: string;
  flowId: string;
  flowName: string;
  versionId: string;
  versionNo: number;
  background: boolean;
  status: RunStatus;
  /** Null before its first reduction (a background run that has not begun). */
  state: RunState | null;
  triggerMessage: MessageView | null;
  waitingFor: string | null;
  deadlineMs: number | null;
  /** When its own workflow wants to look; null = only on a signal. */
  wakeAtMs: number | null;
  wakeNo: number;
  wokenNo: number;
  resume: boolean;
  ending: 'taken_over' | 'cancelled' | null;
  depth: number;
  leaseHolder: string | null;
  leaseToken: number;
}

export type OutboxState = 'planned' | 'sending' | 'sent' | 'failed' | 'unknown' | 'cancelled';
export interface OutboxRow {
  id: string;
  messageId: string | null;
  kind: 'message' | 'http';
  payload: Effect;
  stepNo: number;
  effectNo: number;
  state: OutboxState;
  epoch: number;
  claimExpiresAtMs: number | null;
  notBeforeMs: number | null;
  attempts: number;
  /** The first call whose answer is missing. */
  inDoubtSinceMs: number | null;
  error: MessageError | null;
  result: Json;
}

export interface DriveSnapshot {
  /** The database's clock, read after the lock was taken. */
  nowMs: number;
  /** `unnamed`: nobody told the contact's name yet, and the provider was not asked. The event this workflow was started for; null for `run/<id>`. */
  event: { id: string; done: boolean; followUp: boolean; unnamed: boolean } | null;
  conversation: {
    id: string;
    workspaceId: string;
    status: ConversationStatus;
    priority: Priority;
    labels: string[];
    owner: Owner;
    epoch: number;
    runId: string | null;
    lastSeq: number;
    lastInSeq: number;
    cursor: number;
    leaseHolder: string | null;
    leaseToken: number;
    threadKey: string;
    replyAddress: JsonObject;
    lastInAtMs: number | null;
    /** What has left since the contact's last message. */
    sentSinceLastIn: number;
  };
  inbox: { id: string; name: string; type: ChannelType; canSend: boolean };
  contact: ContactView;
  customer: CustomerView | null;
  /** The open foreground run, or the background run being driven. */
  run: RunRow | null;
  /** The newest outbox row of that run. */
  effect: OutboxRow | null;
  /** Inbound messages past the cursor, oldest first; at most 50. */
  unread: (MessageView & { first: boolean; automation: 'off' | null })[];
  /** Published flows of the workspace; only enabled ones are started by messages. */
  flows: PublishedFlow[];
  /** `run/<id>`'s own run, which may have ended while it drives a successor. */
  self: { id: string; ended: boolean } | null;
  /** Runs of this conversation whose workflow is owed a wake. */
  owed: OwedWake[];
}

export interface PublishedFlow {
  flowId: string;
  name: string;
  versionId: string;
  versionNo: number;
  position: number;
  enabled: boolean;
}

/** A wake promised by a transaction and not yet paid by a signal. */
export interface OwedWake {
  runId: string;
  wakeNo: number;
  /** 0 = its workflow was never started: a plain start will do. */
  wokenNo: number;
}

export interface RunWrite {
  id: string;
  insert: boolean;
  flowId: string;
  versionId: string;
  versionNo: number;
  background: boolean;
  triggerMessageId: string | null;
  parentRunId: string | null;
  depth: number;
  status: RunStatus;
  stepId: string | null;
  stepNo: number;
  state: RunState | null;
  waitingFor: string | null;
  deadlineMs: number | null;
  wakeAtMs: number | null;
  wakeNo: number;
  resume: boolean;
  ending: 'taken_over' | 'cancelled' | null;
  error: MessageError | null;
  leaseHolder: string | null;
  leaseToken: number;
}
export interface MessageWrite {
  id: string;
  seq: number;
  authorName: string;
  authorId: string;
  parts: Part[];
  text: string;
  status: MessageStatus;
  inReplyToId: string | null;
  as: 'private_reply' | null;
}
export interface OutboxWrite {
  id: string;
  insert: boolean;
  runId: string;
  messageId: string | null;
  kind: 'message' | 'http';
  payload: Effect;
  stepNo: number;
  effectNo: number;
  state: OutboxState;
  epoch: number;
  claim: string | null;
  claimedAtMs: number | null;
  claimExpiresAtMs: number | null;
  attempts: number;
  error: MessageError | null;
}
export interface DrivePlan {
  /** Null: the drive's columns stay as they are. */
  conversation: {
    id: string;
    owner: Owner;
    epoch: number;
    runId: string | null;
    cursor: number;
    lastSeq: number;
    leaseHolder: string | null;
    leaseToken: number;
  } | null;
  /** The event whose workflow has nothing more to do. */
  doneEventId: string | null;
  routed: { messageId: string; routing: Json }[];
  runs: RunWrite[];
  messages: MessageWrite[];
  messageStatuses: { id: string; status: MessageStatus; error: MessageError | null }[];
  outbox: OutboxWrite[];
  visits: (StepVisit & { runId: string })[];
  changes: Change[];
  activities: { kind: string; data: JsonObject; afterSeq: number }[];
}

/** A call that this execution, and no other, may now make. */
export interface Call {
  runId: string;
  outboxId: string;
  claim: string;
  messageId: string | null;
  effect: Effect;
  attempts: number;
}

export type DriveOutcome =
  | { kind: 'call'; call: Call; token: number }
  /** Someone's claim may still be on its way: look again shortly, the lease is kept. */
  | { kind: 'wait' }
  /** A regular activity goes on (a slow HTTP step, or a refused send), the lease is kept. */
  | { kind: 'deliver'; afterMs: number }
  /** Another workflow holds the lease; it will see our rows. */
  | { kind: 'busy' }
  /** More unread than one look loads. */
  | { kind: 'again' }
  /** Nothing left to do here; the owed wakes are to be paid. */
  | { kind: 'exit' }
  /** `run/<id>`: nothing to do before then. */
  | { kind: 'sleep'; untilMs: number | null }
  /** `run/<id>`: the run has ended. */
  | { kind: 'complete' };

export interface DriveDecision {
  plan: DrivePlan | null;
  outcome: DriveOutcome;
  wakes: OwedWake[];
}

/** What the decision needs that is not in rows; all pure or constant for one decision. */
export interface DriveTools {
  definition(versionId: string): FlowDefinition;
  newId(): string;
  newClaim(): string;
  /** 'local' = inside a local activity: only short calls. */
  mode: 'local' | 'regular';
  /** False once this execution has too little time left for another call. */
  mayClaim: boolean;
  resend: 'safe' | 'unsafe';
  /** How long the provider remembers a key; null = for ever. */
  keyLifeMs: number | null;
  /** How long a send may take, where that is too long for a local activity; else null. */
  slowCallMs: number | null;
  capabilities: Capabilities;
}
