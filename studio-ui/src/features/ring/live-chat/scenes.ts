/** What the preview of the widget plays: moments of a chat, made of the settings as they are being edited. Pure. */
import type { WidgetLanguage } from '#channels/live_chat/appearance.ts';
import type { LiveChatSettings } from '#channels/live_chat/definition.ts';
import { frameFacts, launcherConfig } from '#channels/live_chat/shown.ts';
import { openAt } from '#domain/live-chat/hours.ts';
import type { Preview } from '../../../../widget/frame/preview.ts';
import type { ThreadMessage, VisitorState } from '../../../../widget/frame/wire.ts';
import type { WidgetConfig } from '../../../../widget/protocol.ts';
import { samples } from './samples.ts';

export const SCENES = {
  welcome: 'Nothing written yet',
  conversation: 'A conversation',
  questions: 'Questions first',
  away: 'Outside your hours',
  rating: 'Rating',
  offline: 'No connection',
} as const;
export type Scene = keyof typeof SCENES;

export interface Shown {
  scene: Scene;
  /** `setting`: what the inbox says. */
  language: 'setting' | WidgetLanguage;
  theme: 'setting' | 'light' | 'dark';
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export function play(
  inboxId: string,
  settings: LiveChatSettings,
  { scene, language, theme }: Shown,
  now: Date,
): { config: WidgetConfig; frame: Preview } {
  const seen = {
    ...settings,
    ...(language !== 'setting' && { language }),
    ...(theme !== 'setting' && { theme }),
    // A colour that is being typed is no colour yet.
    ...(!/^#[0-9a-f]{6}$/i.test(settings.accentColor) && { accentColor: '#4f46e5' }),
  };
  const config = launcherConfig(seen);
  const hasThread = scene === 'conversation' || scene === 'rating' || scene === 'offline';
  const messages = hasThread ? thread(seen, now) : [];
  return {
    config,
    frame: {
      facts: frameFacts(inboxId, { ...seen, ...(scene === 'questions' && { preChat: asked(seen) }) }),
      messages,
      outgoing:
        scene === 'offline'
          ? [
              {
                clientMessageId: 'waits',
                body: { kind: 'text', text: samples(seen.language).waits },
                atMs: now.getTime(),
                state: 'queued',
              },
            ]
          : [],
      state: stateIn(scene, seen, now),
      typing:
        scene === 'conversation' ? { typing: true, from: 'agent', name: agentOf(seen), forMs: 0 } : null,
      offline: scene === 'offline',
    },
  };
}

function stateIn(scene: Scene, settings: LiveChatSettings, now: Date): VisitorState {
  const { hours, csat } = settings;
  const tomorrow = new Date(now.getTime() + dayMs);
  tomorrow.setHours(9, 0, 0, 0);
  const opensAt = hours.enabled ? openAt(hours, now).opensAt : tomorrow;
  return {
    preChat: scene === 'questions' ? 'ask' : 'done',
    known: [],
    hours: scene === 'away' ? { open: false, opensAt: (opensAt ?? tomorrow).toISOString() } : null,
    survey: scene === 'rating' ? { id: 'preview', scale: csat.scale } : null,
    // Who must be signed in is: else there would be nothing to look at.
    identified: true,
    seen: null,
  };
}

/** The questions as they are, or what they could be where none are asked. */
function asked(settings: LiveChatSettings): LiveChatSettings['preChat'] {
  const { preChat } = settings;
  if (preChat.fields.length > 0) return { ...preChat, enabled: true };
  const { name, email } = samples(settings.language);
  return {
    ...preChat,
    enabled: true,
    fields: [
      { key: 'name', kind: 'name', required: false, label: name, options: [] },
      { key: 'email', kind: 'email', required: true, label: email, options: [] },
    ],
  };
}

const agentOf = ({ team }: LiveChatSettings): string => team[0] ?? 'Ada';

function thread(settings: LiveChatSettings, now: Date): ThreadMessage[] {
  const { question, choose, choices, choice, answer } = samples(settings.language);
  const message = (
    seq: number,
    minutesAgo: number,
    rest: Pick<ThreadMessage, 'from' | 'parts' | 'name'>,
  ) => ({
    id: `sample-${seq}`,
    conversationId: 'sample',
    seq,
    createdAt: new Date(now.getTime() - minutesAgo * minuteMs).toISOString(),
    ...rest,
  });
  const options = choices.map((label, index) => ({ id: String(index), label }));
  return [
    message(1, 9, { from: 'visitor', parts: [{ kind: 'text', text: question }] }),
    message(2, 9, { from: 'bot', parts: [{ kind: 'choices', text: choose, options }] }),
    message(3, 8, { from: 'visitor', parts: [{ kind: 'choice_reply', id: '0', label: choice }] }),
    message(4, 2, {
      from: 'agent',
      name: agentOf(settings),
      parts: [{ kind: 'text', text: answer }],
    }),
  ];
}
