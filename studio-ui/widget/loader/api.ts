/** `window.Teloring`: calls from before the widget is there are kept in order; none throws into the page. */
import type { TeloringChat, TeloringIdentity } from '../teloring.d.ts';
import type { Events } from './events.ts';
import type { Widget } from './widget.ts';

/** What the page's stub has gathered before we came: names of methods with their arguments. */
interface Stub {
  q?: [string, ArrayLike<unknown>][];
}

const nothing = (): void => undefined;

export function createApi(events: Events): { methods: TeloringChat; attach(widget: Widget): void } {
  let widget: Widget | null = null;
  let waiting: ((widget: Widget) => void)[] = [];

  const safely = <Result>(work: () => Result, otherwise: Result): Result => {
    try {
      return work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      console.warn(`Teloring chat: ${message}`);
      events.emit('error', { code: 'call_failed', message });
      return otherwise;
    }
  };
  const later = (work: (widget: Widget) => void): void => {
    if (!widget) return void waiting.push(work);
    const ready = widget;
    safely(() => work(ready), undefined);
  };

  return {
    methods: {
      open: (text) => later((it) => it.open(typeof text === 'string' ? text : '')),
      close: () => later((it) => it.close()),
      toggle: () => later((it) => it.toggle()),
      hide: () => later((it) => it.setHidden(true)),
      show: () => later((it) => it.setHidden(false)),
      identify: (identity) => {
        const copy = safely(() => identityOf(identity), null);
        if (copy) later((it) => it.identify(copy));
      },
      logout: () => later((it) => it.logout()),
      setFields: (fields) => {
        const copy = safely(() => fieldsOf(fields), null);
        if (copy) later((it) => it.setFields(copy));
      },
      setLanguage: (code) =>
        later((it) => {
          if (typeof code !== 'string') throw new Error('setLanguage takes a code such as "de".');
          it.setLanguage(code);
        }),
      setTheme: (theme) =>
        later((it) => {
          if (theme !== 'light' && theme !== 'dark' && theme !== 'auto') {
            throw new Error('setTheme takes "light", "dark" or "auto".');
          }
          it.setTheme(theme);
        }),
      on: (event, handler) => safely(() => events.on(event, handler), nothing),
      off: (event, handler) => safely(() => events.off(event, handler), undefined),
    },
    attach(built) {
      widget = built;
      const calls = waiting;
      waiting = [];
      events.emit('ready', {});
      for (const call of calls) later(call);
    },
  };
}

/** Takes the global's place and makes good the calls that a stub there has kept. */
export function takeQueue(methods: TeloringChat): void {
  const stub = window.Teloring as Stub | undefined;
  window.Teloring = methods;
  for (const [name, given] of Array.isArray(stub?.q) ? stub.q : []) {
    if (!Object.hasOwn(methods, name)) continue;
    // A page's own call, as untyped as any: each method looks at what it is given.
    const method = methods[name as keyof TeloringChat] as (...values: unknown[]) => unknown;
    method(...Array.from(given));
  }
}

/** Only what is known and text, so that nothing else of the page's objects travels. */
function identityOf(given: TeloringIdentity): TeloringIdentity {
  const text = (key: keyof TeloringIdentity): string | undefined => {
    const value: unknown = given?.[key];
    return typeof value === 'string' && value !== '' ? value.slice(0, 320) : undefined;
  };
  const [id, hash] = [text('id'), text('hash')];
  if (id === undefined || hash === undefined) {
    throw new Error('identify takes {id, hash, exp?, name?, email?, phone?}; id and hash are texts.');
  }
  const copy: TeloringIdentity = { id, hash };
  if (typeof given.exp === 'number') copy.exp = given.exp;
  for (const key of ['name', 'email', 'phone'] as const) {
    const value = text(key);
    if (value !== undefined) copy[key] = value;
  }
  return copy;
}

type Fields = Parameters<TeloringChat['setFields']>[0];
const maxFields = 50;

function fieldsOf(given: Fields): Fields {
  if (typeof given !== 'object' || given === null)
    throw new Error('setFields takes an object: {plan: "pro"}.');
  const plain = Object.entries(given).filter(
    ([, value]) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  if (plain.length > maxFields) throw new Error(`setFields takes up to ${maxFields} fields.`);
  return Object.fromEntries(
    plain.map(([key, value]) => [key.slice(0, 60), typeof value === 'string' ? value.slice(0, 500) : value]),
  );
}
