import CircleAlert from '@lucide/svelte/icons/circle-alert';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import CircleDot from '@lucide/svelte/icons/circle-dot';
import CircleHelp from '@lucide/svelte/icons/circle-question-mark';
import CirclePause from '@lucide/svelte/icons/circle-pause';
import CircleX from '@lucide/svelte/icons/circle-x';
import Moon from '@lucide/svelte/icons/moon';
import SignalHigh from '@lucide/svelte/icons/signal-high';
import SignalLow from '@lucide/svelte/icons/signal-low';
import SignalMedium from '@lucide/svelte/icons/signal-medium';
import Minus from '@lucide/svelte/icons/minus';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Unplug from '@lucide/svelte/icons/unplug';
import type { HealthState, InboxState } from '#domain/channel.ts';
import type { ConversationStatus, Priority } from '#domain/conversation.ts';
import type { Icon } from './icons.ts';

export const INBOX_STATE_ICONS: Record<InboxState, Icon> = {
  onboarding: CircleDashed,
  active: CircleCheck,
  degraded: TriangleAlert,
  needs_attention: CircleAlert,
  disconnected: Unplug,
};
export const HEALTH_ICONS: Record<HealthState, Icon> = {
  unknown: CircleHelp,
  ok: CircleCheck,
  degraded: TriangleAlert,
  failing: CircleX,
};
export const STATUS_ICONS: Record<ConversationStatus, Icon> = {
  open: CircleDot,
  pending: CirclePause,
  snoozed: Moon,
  resolved: CircleCheck,
};
export const PRIORITY_ICONS: Record<Priority, Icon> = {
  none: Minus,
  low: SignalLow,
  medium: SignalMedium,
  high: SignalHigh,
  urgent: CircleAlert,
};
