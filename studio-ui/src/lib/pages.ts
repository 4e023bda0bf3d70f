/** Route → component, each its own chunk. tsc fails where a route has no page. */
import type { Component } from 'svelte';
import type { RouteName } from './routes.ts';

type Load = () => Promise<{ default: Component }>;

const ring: Load = () => import('../features/ring/RingPage.svelte');
const conversations: Load = () => import('../features/conversations/ConversationsPage.svelte');

export const PAGES: Record<RouteName, Load> = {
  signIn: () => import('../features/sign-in/SignInPage.svelte'),
  invitation: () => import('../features/sign-in/InvitationPage.svelte'),
  ring,
  ringChannel: ring,
  ringAdd: ring,
  ringInbox: ring,
  sandbox: () => import('../features/sandbox/SandboxPage.svelte'),
  conversations,
  conversation: conversations,
  studio: () => import('../features/studio/FlowsPage.svelte'),
  flow: () => import('../features/studio/FlowPage.svelte'),
  runs: () => import('../features/runs/RunsPage.svelte'),
  run: () => import('../features/runs/RunPage.svelte'),
  customers: () => import('../features/customers/CustomersPage.svelte'),
  customer: () => import('../features/customers/CustomerPage.svelte'),
  settings: () => import('../features/settings/ProfilePage.svelte'),
  members: () => import('../features/settings/MembersPage.svelte'),
  teams: () => import('../features/settings/TeamsPage.svelte'),
  labels: () => import('../features/settings/LabelsPage.svelte'),
  apiKeys: () => import('../features/settings/ApiKeysPage.svelte'),
  audit: () => import('../features/settings/AuditPage.svelte'),
};
