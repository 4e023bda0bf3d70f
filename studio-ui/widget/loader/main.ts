/**
 * `<script src="…/widget.js" data-inbox="…" async></script>`: a launcher in the corner, in a shadow root; the chat itself is an
 * iframe of our origin that is loaded when it is first opened. Runs on pages we don't know, under policies we don't know: one
 * global (`window.Teloring`), no inline style, no markup from strings, no dependency.
 */
import type { WidgetConfig } from '../protocol.ts';
import { createApi, takeQueue } from './api.ts';
import { createEvents } from './events.ts';
import { createMemory } from './memory.ts';
import { buildWidget } from './widget.ts';

const script =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector<HTMLScriptElement>('script[data-inbox]');
const inboxId = script?.dataset['inbox'] ?? '';

if (!script || !/^[0-9a-f-]{36}$/i.test(inboxId)) {
  console.error('Teloring chat: the script needs data-inbox="<id of the Live Chat inbox>".');
} else if (document.querySelector('[data-teloring-chat]')) {
  console.warn('Teloring chat: this page has its chat already; the second script is ignored.');
} else {
  start(new URL('.', script.src), script.dataset['preview'] !== undefined);
}

function start(base: URL, isPreview: boolean): void {
  const root = document.createElement('div');
  root.dataset['teloringChat'] = inboxId;
  document.documentElement.append(root);
  const events = createEvents();
  const api = createApi(events);
  takeQueue(api.methods);
  const build = (config: WidgetConfig) =>
    buildWidget({ root, base, inboxId, config, events, memory: createMemory(inboxId, isPreview), isPreview });
  if (isPreview) return preview(build);
  void loadConfig(base, 0).then((config) => {
    if (!(config instanceof Error)) return api.attach(build(config));
    root.remove();
    console.warn(`Teloring chat is not shown here: ${config.message}`);
    events.emit('error', { code: 'not_shown', message: config.message });
  });
}

/** In our own settings page: what is shown comes from the page around, as it is edited. */
function preview(build: (config: WidgetConfig) => ReturnType<typeof buildWidget>): void {
  let widget: ReturnType<typeof buildWidget> | null = null;
  addEventListener(
    'message',
    (event: MessageEvent<{ teloring?: string; config: WidgetConfig; frame: unknown }>) => {
      if (event.source !== parent || event.origin !== location.origin || event.data?.teloring !== 'editor')
        return;
      const isFirst = widget === null;
      widget ??= build(event.data.config);
      widget.show(event.data.config, event.data.frame);
      if (isFirst) widget.open();
    },
  );
  parent.postMessage({ teloring: 'preview' }, location.origin);
}

/** An Error where the inbox says no; waits for as long as it can't be reached. */
async function loadConfig(base: URL, attempt: number): Promise<WidgetConfig | Error> {
  try {
    const response = await fetch(new URL(`live-chat/${inboxId}/config`, base), { credentials: 'omit' });
    if (response.ok) return (await response.json()) as WidgetConfig;
    if (response.status < 500 && response.status !== 429) {
      const { error } = (await response.json()) as { error?: { message?: string } };
      return new Error(error?.message ?? String(response.status));
    }
  } catch {
    // Unreachable: asked again below.
  }
  await new Promise((resolve) =>
    setTimeout(resolve, Math.min(15_000, 1000 * 2 ** attempt) * (0.75 + Math.random() / 2)),
  );
  return loadConfig(base, attempt + 1);
}
