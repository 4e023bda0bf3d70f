import AtSign from '@lucide/svelte/icons/at-sign';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import FlaskConical from '@lucide/svelte/icons/flask-conical';
import KeyRound from '@lucide/svelte/icons/key-round';
import ListTree from '@lucide/svelte/icons/list-tree';
import LogIn from '@lucide/svelte/icons/log-in';
import MessagesSquare from '@lucide/svelte/icons/messages-square';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Settings from '@lucide/svelte/icons/settings';
import Tag from '@lucide/svelte/icons/tag';
import UserRound from '@lucide/svelte/icons/user-round';
import Users from '@lucide/svelte/icons/users';
import UsersRound from '@lucide/svelte/icons/users-round';
import Contact from '@lucide/svelte/icons/contact-round';
import Workflow from '@lucide/svelte/icons/workflow';
import type { Component } from 'svelte';
import type { IconName } from './routes.ts';

export type Icon = Component<{ size?: number | string; strokeWidth?: number | string; class?: string }>;

export const ICONS: Record<IconName, Icon> = {
  ring: CircleDashed,
  conversations: MessagesSquare,
  studio: Workflow,
  runs: ListTree,
  customers: Contact,
  settings: Settings,
  members: Users,
  teams: UsersRound,
  labels: Tag,
  key: KeyRound,
  audit: ScrollText,
  profile: UserRound,
  'sign-in': LogIn,
  invitation: AtSign,
  sandbox: FlaskConical,
};
