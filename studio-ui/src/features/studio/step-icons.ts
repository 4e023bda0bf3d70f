/** The mark and family of each step kind; the family is the card's colour strip. */
import Clock from '@lucide/svelte/icons/clock';
import CornerUpRight from '@lucide/svelte/icons/corner-up-right';
import Flag from '@lucide/svelte/icons/flag';
import GitBranch from '@lucide/svelte/icons/git-branch';
import Globe from '@lucide/svelte/icons/globe';
import Hand from '@lucide/svelte/icons/hand';
import MessageSquareText from '@lucide/svelte/icons/message-square-text';
import MessageCircleQuestion from '@lucide/svelte/icons/message-circle-question-mark';
import Ear from '@lucide/svelte/icons/ear';
import PhoneCall from '@lucide/svelte/icons/phone-call';
import PhoneOff from '@lucide/svelte/icons/phone-off';
import Speech from '@lucide/svelte/icons/speech';
import Voicemail from '@lucide/svelte/icons/voicemail';
import Tag from '@lucide/svelte/icons/tag';
import UserRoundPlus from '@lucide/svelte/icons/user-round-plus';
import Variable from '@lucide/svelte/icons/variable';
import Workflow from '@lucide/svelte/icons/workflow';
import type { StepKind } from '#domain/flow/types.ts';
import type { Icon } from '../../lib/icons.ts';

export type Family = 'message' | 'logic' | 'data' | 'people' | 'end';
export const STEP_LOOKS: Record<StepKind, { icon: Icon; family: Family }> = {
  send: { icon: MessageSquareText, family: 'message' },
  ask: { icon: MessageCircleQuestion, family: 'message' },
  condition: { icon: GitBranch, family: 'logic' },
  set: { icon: Variable, family: 'data' },
  delay: { icon: Clock, family: 'logic' },
  http: { icon: Globe, family: 'data' },
  assign: { icon: UserRoundPlus, family: 'people' },
  label: { icon: Tag, family: 'people' },
  handoff: { icon: Hand, family: 'people' },
  goto: { icon: CornerUpRight, family: 'logic' },
  start_flow: { icon: Workflow, family: 'logic' },
  say: { icon: Speech, family: 'message' },
  gather: { icon: Ear, family: 'message' },
  ring: { icon: PhoneCall, family: 'people' },
  voicemail: { icon: Voicemail, family: 'message' },
  hang_up: { icon: PhoneOff, family: 'end' },
  end: { icon: Flag, family: 'end' },
};
export const FAMILY_COLORS: Record<Family, string> = {
  message: 'var(--accent)',
  logic: 'var(--warn)',
  data: 'var(--info)',
  people: 'var(--ok)',
  end: 'var(--text-faint)',
};
