/** Every call the UI makes, typed. One place, so that a change of the contract is one edit. */
import type { CommentAction } from '#domain/channel.ts';
import type { FlowProblem } from '#domain/flow/types.ts';
import type { Part } from '#domain/message.ts';
import type { JsonObject } from '#domain/json.ts';
import type { Role } from '#domain/roles.ts';
import type { Query } from '../routes.ts';
import { request } from './client.ts';
import type * as Api from './types.ts';
import type * as Voice from './voice-types.ts';

const get = <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
  request<T>('GET', path, signal ? { query, signal } : { query });
const post = <T>(path: string, body: unknown = {}) => request<T>('POST', path, { body });
const patch = <T>(path: string, body: unknown) => request<T>('PATCH', path, { body });
const remove = (path: string) => request<null>('DELETE', path);
const id = encodeURIComponent;

export const api = {
  hasSession: async () => (await get<unknown>('/api/auth/get-session')) !== null,
  me: () => get<Api.Me>('/api/me'),
  signIn: (email: string, password: string) => post<unknown>('/api/auth/sign-in/email', { email, password }),
  signOut: () => post<unknown>('/api/auth/sign-out'),
  changePassword: (currentPassword: string, newPassword: string) =>
    post<unknown>('/api/auth/change-password', { currentPassword, newPassword, revokeOtherSessions: true }),
  renameMe: (name: string) => post<unknown>('/api/auth/update-user', { name }),
  activateWorkspace: (organizationId: string) =>
    post<unknown>('/api/auth/organization/set-active', { organizationId }),

  inboxes: () => get<Api.Page<Api.Inbox>>('/api/inboxes', { limit: '100' }),
  inbox: (inboxId: string) => get<Api.InboxDetail>(`/api/inboxes/${id(inboxId)}`),
  createInbox: (input: { type: string; name: string; credentials: JsonObject; sandbox?: boolean }) =>
    post<Api.InboxChanged | Api.InboxRevealed>('/api/inboxes', input),
  /** Where the browser goes to sign in for a mailbox; with `inboxId` for one that is there already. */
  authorizeMicrosoft: (input: { name: string; sandbox: boolean; inboxId?: string }) =>
    post<{ url: string }>('/api/oauth/microsoft/authorize', input),
  updateInbox: (
    inboxId: string,
    change: { name?: string; settings?: JsonObject; reopenWithinHours?: number; credentials?: JsonObject },
  ) => patch<Api.InboxChanged>(`/api/inboxes/${id(inboxId)}`, change),
  deleteInbox: (inboxId: string) =>
    request<{ disconnectedAtProvider: boolean; warning?: string }>('DELETE', `/api/inboxes/${id(inboxId)}`),
  diagnostics: (inboxId: string) => get<Api.Diagnostics>(`/api/inboxes/${id(inboxId)}/diagnostics`),
  probeInbox: (inboxId: string) => post<Api.Diagnostics>(`/api/inboxes/${id(inboxId)}/probe`),
  testInbox: (inboxId: string) => post<Api.InboxTest>(`/api/inboxes/${id(inboxId)}/test`),
  websites: (inboxId: string) => get<{ items: Api.Website[] }>(`/api/inboxes/${id(inboxId)}/websites`),
  visitor: (conversationId: string, signal?: AbortSignal) =>
    get<Api.Visitor>(`/api/conversations/${id(conversationId)}/visitor`, {}, signal),
  identitySecrets: (inboxId: string) =>
    get<{ items: Api.IdentitySecret[] }>(`/api/inboxes/${id(inboxId)}/identity-secrets`),
  createIdentitySecret: (inboxId: string) =>
    post<Api.IdentitySecret & { secret: string }>(`/api/inboxes/${id(inboxId)}/identity-secrets`),
  deleteIdentitySecret: (inboxId: string, secretId: string) =>
    remove(`/api/inboxes/${id(inboxId)}/identity-secrets/${id(secretId)}`),
  /** The phones of a sandbox inbox's customers, at the double of its provider. */
  phone: (inboxId: string, signal?: AbortSignal) =>
    get<Api.Phone>(`/sandbox/api/${id(inboxId)}/phone`, {}, signal),
  writeInSandbox: (inboxId: string, input: Api.PhoneInput) =>
    post<Api.PhoneWritten>(`/sandbox/api/${id(inboxId)}/messages`, input),
  actInSandbox: (inboxId: string, act: Api.PhoneAct) => post<null>(`/sandbox/api/${id(inboxId)}/acts`, act),
  providerInSandbox: (inboxId: string, event: string) =>
    post<null>(`/sandbox/api/${id(inboxId)}/provider`, { event }),
  addSandboxFault: (inboxId: string, fault: { kind: string; times?: number; retryAfterSeconds?: number }) =>
    post<null>(`/sandbox/api/${id(inboxId)}/faults`, fault),
  clearSandboxFaults: (inboxId: string) => post<null>(`/sandbox/api/${id(inboxId)}/faults/clear`),
  setSandboxDelivery: (inboxId: string, change: { copies?: number; held?: boolean; statuses?: boolean }) =>
    post<null>(`/sandbox/api/${id(inboxId)}/delivery`, change),
  releaseSandbox: (inboxId: string) => post<null>(`/sandbox/api/${id(inboxId)}/release`),

  conversations: (query: Query, signal?: AbortSignal) =>
    get<Api.Page<Api.Conversation>>('/api/conversations', query, signal),
  conversation: (conversationId: string, signal?: AbortSignal) =>
    get<Api.Conversation>(`/api/conversations/${id(conversationId)}`, {}, signal),
  changeConversation: (conversationId: string, change: Api.ConversationChange) =>
    patch<Api.Conversation>(`/api/conversations/${id(conversationId)}`, change),
  messages: (conversationId: string, query: Query, signal?: AbortSignal) =>
    get<Api.Page<Api.Message> & { activities: Api.Activity[] }>(
      `/api/conversations/${id(conversationId)}/messages`,
      { ...query, include: 'activities' },
      signal,
    ),
  sendMessage: (
    conversationId: string,
    input: {
      clientMessageId: string;
      parts: Part[];
      private?: boolean;
      inReplyToId?: string;
      as?: 'private_reply';
    },
  ) => post<Api.Message>(`/api/conversations/${id(conversationId)}/messages`, input),
  /** Withdraws what has not left. */
  withdrawMessage: (messageId: string) => post<Api.Message>(`/api/messages/${id(messageId)}/cancel`),
  /** Writes to somebody first. */
  beginConversation: (input: {
    inboxId: string;
    to: { address: string; name?: string };
    subject?: string;
    clientMessageId: string;
    parts: Part[];
  }) => post<Api.Conversation & { message: Api.Message }>('/api/conversations', input),
  emailOriginal: (messageId: string, withImages: boolean) =>
    get<Api.EmailOriginal>(`/api/messages/${id(messageId)}/email`, withImages ? { images: '1' } : {}),
  emailReply: (conversationId: string) =>
    get<Api.EmailReplyDefaults>(`/api/conversations/${id(conversationId)}/email-reply`),
  firstEmail: (inboxId: string) => get<Api.EmailReplyDefaults>(`/api/inboxes/${id(inboxId)}/email-reply`),
  markRead: (conversationId: string, seq: number) =>
    post<null>(`/api/conversations/${id(conversationId)}/read`, { seq }),
  /** Shows the contact that somebody types, where the channel can. */
  typing: (conversationId: string) => post<null>(`/api/conversations/${id(conversationId)}/typing`),
  actOnComment: (messageId: string, action: CommentAction) =>
    post<Api.Message>(`/api/messages/${id(messageId)}/actions`, { action }),
  upload: (file: File) => {
    const body = new FormData();
    body.set('file', file);
    return request<{ mediaId: string; url: string; mimeType: string; name?: string; sizeBytes?: number }>(
      'POST',
      '/api/media',
      { body },
    );
  },

  voiceSession: (inboxId: string) => post<Voice.VoiceSession>(`/api/voice/${id(inboxId)}/session`),
  placeCall: (inboxId: string, input: { to: string; clientCallId: string; conversationId?: string }) =>
    post<Voice.PlacedCall>(`/api/voice/${id(inboxId)}/calls`, input),
  reportCall: (callId: string, report: Voice.PhoneReportBody) =>
    post<Voice.VoiceCall>(`/api/voice/calls/${id(callId)}/events`, report),
  voiceCall: (callId: string) => get<Voice.VoiceCall>(`/api/voice/calls/${id(callId)}`),
  activeCalls: () => get<{ items: Voice.VoiceCall[] }>('/api/voice/calls', { active: '1' }),
  holdCall: (callId: string, held: boolean) =>
    post<Voice.VoiceCall>(`/api/voice/calls/${id(callId)}/hold`, { held }),
  transferCall: (callId: string, to: { agentId: string } | { to: string }) =>
    post<Voice.VoiceCall>(`/api/voice/calls/${id(callId)}/transfer`, to),
  hangUpCall: (callId: string) => post<Voice.VoiceCall>(`/api/voice/calls/${id(callId)}/hang-up`, {}),
  wrapUpCall: (callId: string, seconds?: number) =>
    post<Voice.VoiceCall>(`/api/voice/calls/${id(callId)}/wrap-up`, seconds === undefined ? {} : { seconds }),
  presence: () => get<{ items: Voice.Presence[] }>('/api/presence'),
  choosePresence: (status: Voice.Presence['chosen']) =>
    request<Voice.Presence>('PUT', '/api/presence', { body: { status } }),

  customers: (query: Query, signal?: AbortSignal) =>
    get<Api.Page<Api.Customer>>('/api/customers', query, signal),
  customer: (customerId: string) => get<Api.Customer>(`/api/customers/${id(customerId)}`),
  createCustomer: (input: Api.CustomerInput) => post<Api.Customer>('/api/customers', input),
  updateCustomer: (customerId: string, change: Api.CustomerInput) =>
    patch<Api.Customer>(`/api/customers/${id(customerId)}`, change),

  flows: () => get<Api.Page<Api.Flow>>('/api/flows', { limit: '100' }),
  flow: (flowId: string) => get<Api.Flow>(`/api/flows/${id(flowId)}`),
  flowVersions: (flowId: string) =>
    get<Api.Page<Api.FlowVersion>>(`/api/flows/${id(flowId)}/versions`, { limit: '100' }),
  createFlow: (name: string) => post<Api.Flow>('/api/flows', { name }),
  updateFlow: (flowId: string, change: { name?: string; enabled?: boolean }) =>
    patch<Api.Flow>(`/api/flows/${id(flowId)}`, change),
  publishFlow: (flowId: string) =>
    post<{ versionNo: number; problems?: FlowProblem[] }>(`/api/flows/${id(flowId)}/publish`),
  rollbackFlow: (flowId: string, versionNo: number) =>
    post<Api.Flow>(`/api/flows/${id(flowId)}/rollback`, { versionNo }),
  deleteFlow: (flowId: string) => remove(`/api/flows/${id(flowId)}`),

  runs: (query: Query, signal?: AbortSignal) => get<Api.Page<Api.Run>>('/api/runs', query, signal),
  run: (runId: string) => get<Api.Run>(`/api/runs/${id(runId)}`),
  runSteps: (runId: string) => get<Api.Page<Api.RunStep>>(`/api/runs/${id(runId)}/steps`, { limit: '100' }),
  runHistory: (runId: string, cursor: string | null, signal?: AbortSignal) =>
    get<Api.Page<Api.HistoryEvent>>(`/api/runs/${id(runId)}/history`, { limit: '100', cursor }, signal),
  actOnRun: (runId: string, action: Api.RunAction) => post<Api.Run>(`/api/runs/${id(runId)}/${action}`),

  members: () => get<Api.Page<Api.Member>>('/api/members', { limit: '100' }),
  changeMember: (memberId: string, role: Role) => patch<Api.Member>(`/api/members/${id(memberId)}`, { role }),
  removeMember: (memberId: string) => remove(`/api/members/${id(memberId)}`),
  invitations: () => get<Api.Page<Api.Invitation>>('/api/invitations', { limit: '100' }),
  invite: (email: string, role: Role) => post<Api.InvitationCreated>('/api/invitations', { email, role }),
  revokeInvitation: (invitationId: string) => remove(`/api/invitations/${id(invitationId)}`),
  lookUpInvitation: (token: string) => post<Api.OpenInvitation>('/api/invitations/lookup', { token }),
  acceptInvitation: (input: { token: string; name?: string; password?: string }) =>
    post<{ workspace: { id: string; slug: string } }>('/api/invitations/accept', input),
  apiKeys: () => get<Api.Page<Api.ApiKey>>('/api/api-keys', { limit: '100' }),
  createApiKey: (input: { name: string; role: Role; expiresInDays?: number }) =>
    post<Api.ApiKey & { key: string }>('/api/api-keys', input),
  revokeApiKey: (keyId: string) => remove(`/api/api-keys/${id(keyId)}`),
  teams: () => get<Api.Page<Api.Team>>('/api/teams', { limit: '100' }),
  createTeam: (name: string) => post<Api.Team>('/api/teams', { name }),
  changeTeam: (teamId: string, change: { name?: string; memberIds?: string[] }) =>
    patch<Api.Team>(`/api/teams/${id(teamId)}`, change),
  deleteTeam: (teamId: string) => remove(`/api/teams/${id(teamId)}`),
  labels: () => get<Api.Page<Api.Label>>('/api/labels', { limit: '100' }),
  createLabel: (input: Api.Label) => post<Api.Label>('/api/labels', input),
  changeLabel: (name: string, change: Partial<Api.Label>) => patch<null>(`/api/labels/${id(name)}`, change),
  deleteLabel: (name: string) => remove(`/api/labels/${id(name)}`),
  audit: (query: Query, signal?: AbortSignal) => get<Api.Page<Api.AuditEntry>>('/api/audit', query, signal),
};
