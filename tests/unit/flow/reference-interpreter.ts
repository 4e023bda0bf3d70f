/**
 * A flow interpreter written a second time, from the words of the specification, as naively as possible: a generator that runs a
 * flow from top to bottom, `yield`s whenever the world has to do something, and is given the event that came. It keeps its place in
 * ordinary control flow instead of a state, and shares no code with the reducer (its own templates, conditions and answers, for
 * the small language of the property test: `{{path}}`, eq/exists/not/all/any, formats text, number and choice).
 */
import type { Json, JsonObject } from '#domain/json.ts';
import type {
  Change,
  FlowDefinition,
  MessageView,
  RunContext,
  RunEvent,
  StepDefinition,
} from '#domain/flow/types.ts';

export type Asked =
  | { kind: 'effect'; stepNo: number; effectNo: number; effect: JsonObject }
  | { kind: 'waiting'; waitingFor: 'reply' | 'merge' | 'delay'; deadlineMs: number }
  | { kind: 'ended'; status: 'completed' | 'failed'; error?: string };
/** Everything a watcher sees: what was asked of the world, and every step left with its exit. */
export interface Log {
  changes: Change[];
  exits: { stepNo: number; stepId: string; exit: string }[];
  vars: JsonObject;
  /** The message that is `message.*` now. */
  message: { id: string; text: string } | null;
}
interface Told {
  event: RunEvent;
  nowMs: number;
}
type Running<T> = Generator<Asked, T, Told>;

const nothing = (): void => undefined;
function word(params: JsonObject, key: string): string {
  const value = params[key];
  return typeof value === 'string' ? value : '';
}

export function* interpret(
  flow: FlowDefinition,
  first: MessageView | null,
  context: RunContext,
  log: Log,
): Running<Asked> {
  let message = first;
  let now = context.nowMs;
  let world = structuredClone({ contact: context.contact, conversation: context.conversation });
  let stepNo = 0;
  let hops = 0;
  let effectNo = 0;

  const fill = (text: string): string =>
    text.replaceAll(/\{\{([a-z.]+)\}\}/g, (_all, path: string) => show(lookup(path)));
  const lookup = (path: string): unknown => {
    const roots: Record<string, unknown> = {
      ...world,
      vars: log.vars,
      message: { text: message?.text ?? '' },
    };
    let value: unknown = roots;
    for (const key of path.split('.'))
      value = value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined;
    return value;
  };
  const holds = (condition: Json): boolean => {
    const node = condition as JsonObject;
    if (node['not'] !== undefined) return !holds(node['not']);
    if (Array.isArray(node['all'])) return node['all'].every(holds);
    if (Array.isArray(node['any'])) return node['any'].some(holds);
    const left = lookup((node['left'] as { var: string }).var);
    return node['op'] === 'exists' ? show(left) !== '' : show(left) === show(node['right']);
  };
  /** Does effects one after the other. Null: all arrived (or may have). Else the event that ended the row. */
  function* say(stepId: string, effects: JsonObject[], freshDeadline: () => void): Running<RunEvent | null> {
    const left = [...effects];
    while (left.length > 0) {
      const told: Told = yield { kind: 'effect', stepNo, effectNo, effect: left[0] ?? {} };
      now = told.nowMs;
      if (told.event.kind === 'replan') {
        log.exits.push({ stepNo, stepId, exit: 'replanned' });
        stepNo += 1;
        effectNo = 0;
        freshDeadline();
      } else if (told.event.kind === 'resumed') freshDeadline();
      else if (told.event.kind === 'taken_over') {
        // Only an ask has this exit.
        if (freshDeadline !== nothing) return told.event;
      } else if (told.event.kind === 'outcome') {
        effectNo += 1;
        if (left[0]?.['kind'] === 'http') return told.event;
        if (told.event.outcome.kind === 'failed') return told.event;
        left.shift();
      }
    }
    return null;
  }

  function* send(stepId: string, params: JsonObject): Running<string> {
    const texts = (params['parts'] as { text: string }[] | undefined)?.map(({ text }) => text) ?? [
      word(params, 'text'),
    ];
    const effects = texts
      .map(fill)
      .filter((text) => text.trim() !== '')
      .map(textEffect);
    if (effects.length === 0) return 'failed';
    return (yield* say(stepId, effects, nothing)) === null ? 'next' : 'failed';
  }

  function* ask(stepId: string, params: JsonObject): Running<string> {
    const timeoutMs = Number(params['timeoutSeconds']) * 1000;
    const mergeMs = Number(params['mergeSeconds'] ?? 0) * 1000;
    const options = (params['choices'] ?? []) as { id: string; label: string }[];
    let deadline: number | null = null;
    let tries = 0;
    let asking = word(params, 'text');
    for (;;) {
      const renew = (): void => {
        if (deadline !== null) deadline = now + timeoutMs;
      };
      const text = fill(asking);
      const isChoice = params['format'] === 'choice';
      if (text.trim() === '' && !isChoice) return 'undelivered';
      const question = isChoice ? choiceEffect(text, options) : textEffect(text);
      const end = yield* say(stepId, [question], renew);
      if (end !== null) return end.kind === 'taken_over' ? 'taken_over' : 'undelivered';
      deadline ??= now + timeoutMs;

      // Listen until there is something to judge.
      const heard: MessageView[] = [];
      let silence = 0;
      for (let listening = true; listening;) {
        const merging = heard.length > 0;
        const until: number = merging ? silence : deadline;
        const told: Told = yield {
          kind: 'waiting',
          waitingFor: merging ? 'merge' : 'reply',
          deadlineMs: until,
        };
        now = told.nowMs;
        if (told.event.kind === 'taken_over') return 'taken_over';
        if (told.event.kind === 'resumed') {
          deadline = now + timeoutMs;
          silence = Math.min(now + mergeMs, deadline);
        }
        if (told.event.kind === 'timeout') {
          if (!merging) return 'timeout';
          listening = false;
        }
        if (told.event.kind === 'message') {
          heard.push(told.event.message);
          message = told.event.message;
          log.message = message;
          silence = Math.min(now + mergeMs, deadline);
          if (mergeMs === 0) listening = false;
        }
      }
      const joined = heard
        .map((each) => each.text)
        .filter((each) => each !== '')
        .join('\n');
      const last = heard.at(-1);
      if (last) log.message = message = { ...last, text: joined };
      const value = understand(word(params, 'format'), joined, options);
      if (value !== null) {
        const name = word(params, 'variable');
        log.vars = { ...log.vars, [name]: value };
        const label = options.find(({ id }) => id === value)?.label;
        if (params['format'] === 'choice' && label !== undefined)
          log.vars = { ...log.vars, [`${name}_label`]: label };
        return 'reply';
      }
      tries += 1;
      if (tries >= Number(params['maxInvalid'])) return 'invalid';
      asking = word(params, 'invalidText') || word(params, 'text');
    }
  }

  function* delay(params: JsonObject): Running<string> {
    const length = Number(params['seconds']) * 1000;
    let deadline = now + length;
    for (;;) {
      const told: Told = yield { kind: 'waiting', waitingFor: 'delay', deadlineMs: deadline };
      now = told.nowMs;
      if (told.event.kind === 'timeout') return 'next';
      if (told.event.kind === 'resumed') deadline = now + length;
      if (told.event.kind === 'message') {
        message = told.event.message;
        log.message = message;
      }
    }
  }

  function* http(stepId: string, params: JsonObject): Running<string> {
    const effect = {
      kind: 'http',
      method: 'GET',
      url: word(params, 'url'),
      headers: {},
      body: null,
      timeoutMs: 10_000,
    };
    const end = yield* say(stepId, [effect], nothing);
    if (end?.kind !== 'outcome') throw new Error('A request ends with an outcome.');
    const result =
      'result' in end.outcome ? (end.outcome.result as { status: number; body: { id?: Json } }) : null;
    const good =
      end.outcome.kind === 'sent' && result !== null && result.status >= 200 && result.status <= 299;
    const error =
      end.outcome.kind === 'failed'
        ? end.outcome.error.message
        : end.outcome.kind === 'unknown'
          ? 'No answer came: the request may have arrived.'
          : `The answer was ${result?.status}.`;
    log.vars = {
      ...log.vars,
      http_status: result?.status ?? null,
      http_error: good ? null : error,
      id: result?.body.id ?? null,
    };
    return good ? 'ok' : 'error';
  }

  const change = (made: Change): void => void log.changes.push(made);
  function* run(stepId: string, { kind, params, exits }: StepDefinition): Running<string | { jump: string }> {
    switch (kind) {
      case 'send':
        return yield* send(stepId, params);
      case 'ask':
        return yield* ask(stepId, params);
      case 'delay':
        return yield* delay(params);
      case 'http':
        return yield* http(stepId, params);
      case 'condition':
        return holds(params['if'] ?? null) ? 'yes' : 'no';
      case 'set': {
        const value = fill(word(params, 'value'));
        const field = word(params, 'field');
        if (params['target'] === 'vars') log.vars = { ...log.vars, [field]: value };
        else {
          world = {
            ...world,
            contact: { ...world.contact, fields: { ...world.contact.fields, [field]: value } },
          };
          change({ kind: 'set', target: 'contact', field: `fields.${field}`, value });
        }
        return 'next';
      }
      case 'assign':
        change({ kind: 'assign', agentId: word(params, 'agentId') });
        return 'next';
      case 'label':
        change({ kind: 'label', add: params['add'] as string[], remove: [] });
        return 'next';
      case 'start_flow':
        change({ kind: 'start_flow', flowId: word(params, 'flowId'), foreground: exits['next'] === null });
        return 'next';
      case 'goto':
        return { jump: word(params, 'step') };
      case 'handoff':
        change({ kind: 'handoff', note: fill(word(params, 'note')).trim() || null });
        return 'END';
      case 'end':
        return 'END';
      // In no call nobody hears them.
      case 'say':
        return fill(word(params, 'text')).trim() === '' ? 'next' : 'failed';
      case 'gather':
      case 'ring':
      case 'voicemail':
        return 'failed';
      case 'hang_up':
        return 'END';
    }
  }

  let at = flow.entry;
  for (;;) {
    const step = flow.steps[at];
    if (hops === 200) return { kind: 'ended', status: 'failed', error: 'too_many_hops' };
    if (!step) return { kind: 'ended', status: 'failed', error: 'unknown_step' };
    hops += 1;
    stepNo += 1;
    effectNo = 0;
    // Whatever waited, waited: watch the requests of this step for a wait.
    const running = run(at, step);
    let request = running.next({ event: { kind: 'start', message: null }, nowMs: now });
    while (!request.done) {
      if (request.value.kind === 'waiting') hops = 0;
      const told: Told = yield request.value;
      now = told.nowMs;
      request = running.next(told);
    }
    const left = request.value;
    const exit = typeof left === 'object' ? 'jump' : left === 'END' ? 'end' : left;
    log.exits.push({ stepNo, stepId: at, exit });
    if (left === 'END') return { kind: 'ended', status: 'completed' };
    const target = typeof left === 'object' ? left.jump : (step.exits[left] ?? null);
    if (target === null) return { kind: 'ended', status: 'completed' };
    at = target;
  }
}

function show(value: unknown): string {
  return value === undefined || value === null
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : `${value as number}`;
}
function textEffect(text: string): JsonObject {
  return { kind: 'message', parts: [{ kind: 'text', text }] };
}
function choiceEffect(text: string, options: { id: string; label: string }[]): JsonObject {
  // Without a question there is nothing to hang buttons on.
  if (text.trim() === '') return textEffect(options.map(({ label }, at) => `${at + 1}. ${label}`).join('\n'));
  return { kind: 'message', parts: [{ kind: 'choices', text, options }] };
}
function understand(format: string, text: string, options: { id: string; label: string }[]): Json {
  if (format === 'text') return text.trim() === '' ? null : text.trim();
  if (format === 'number') return /^\d+$/.test(text.trim()) ? Number(text) : null;
  return options.find(({ id, label }) => id === text || label === text)?.id ?? null;
}
