/** Who may import whom. A row per kind of file, the first that fits counts; `types` may be imported as types only. */
import { expect, test } from 'vitest';
import { sources, type Import } from './source.ts';

interface Row {
  from: RegExp;
  values: RegExp[];
  types?: RegExp[];
}

const domainRoot = /^workflows\/domain\/[^/]+\.ts$/;
const domain = /^workflows\/domain\//;
const node = /^node:/;

const table: Record<string, Row> = {
  'domain (pure, browser-safe)': { from: domainRoot, values: [domainRoot] },
  'domain/flow and domain/drive': {
    from: domain,
    values: [domain, /^zod$/, /^re2js$/, /^libphonenumber-js$/],
  },
  'workflows (the bundle)': {
    from: /^workflows\//,
    values: [/^@temporalio\/workflow$/, /^workflows\/[^/]+\.ts$/, domainRoot],
    types: [domain, /^activities\//],
  },
  'channel definitions (browser-safe)': {
    from: /^channels\/(definitions|any-channel|[^/]+\/definition|live_chat\/(appearance|shown))\.ts$/,
    values: [
      domain,
      /^zod$/,
      /^channels\/(any-channel|[^/]+\/definition|live_chat\/(appearance|shown))\.ts$/,
    ],
    types: [/^channels\/contract\.ts$/],
  },
  'channel sandboxes': {
    from: /^channels\/[^/]+\/sandbox/,
    values: [domain, /^channels\//, node, /^hono$/, /^zod$/, /^@hono\//],
    types: [/^@grammyjs\/types$/, /^@microsoft\/microsoft-graph-types$/],
  },
  channels: {
    from: /^channels\//,
    values: [
      domain,
      /^channels\//,
      node,
      /^zod$/,
      /^libphonenumber-js$/,
      /^undici$/,
      /^ipaddr\.js$/,
      /^file-type$/,
      /^@flystorage\//,
      /^@aws-sdk\/client-s3$/,
      /^@hono\//,
      /^(nodemailer|mailparser|sanitize-html|mailauth|imapflow|twilio)(\/|$)/,
    ],
    types: [/^@grammyjs\/types$/, /^@microsoft\/microsoft-graph-types$/],
  },
  'db (knows no channels)': { from: /^db\//, values: [domain, /^db\//, node, /^pg$/, /^kysely$/] },
  activities: {
    from: /^activities\//,
    values: [
      domain,
      /^db\//,
      /^channels\//,
      /^activities\//,
      /^workflows\/contract\.ts$/,
      node,
      /^@temporalio\/(activity|client|common|proto|worker)$/,
    ],
    types: [/^pg$/, /^pino$/],
  },
  'entries and composition': {
    from: /^api\/(runtime|server|start|worker|dispatcher|sweeper|payloads|engine|first-start|demo-send)\.ts$/,
    values: [/./],
  },
  api: {
    from: /^api\//,
    values: [
      domain,
      /^db\//,
      /^channels\//,
      /^api\//,
      /^workflows\/contract\.ts$/,
      node,
      /^(?!@temporalio\/(worker|workflow|activity))@?[a-z]/,
    ],
    types: [/^activities\//],
  },
  'build configuration': { from: /vite\.config\.ts$/, values: [/./] },
  'studio-ui': {
    from: /^studio-ui\//,
    values: [
      domain,
      /^channels\/definitions\.ts$/,
      // The editor of the widget that this very repository builds.
      /^channels\/live_chat\/(appearance|definition|shown)\.ts$/,
      /^studio-ui\//,
      /^(?!node:|pg$|kysely$|hono$|@temporalio)[@a-z]/,
    ],
  },
  tests: { from: /^tests\//, values: [/./] },
};

function allowed(row: Row, { target, typeOnly }: Import): boolean {
  if (row.values.some((pattern) => pattern.test(target))) return true;
  // Types are erased: they cost nothing and couple only what the table names.
  return typeOnly && (row.types ?? []).some((pattern) => pattern.test(target));
}

test('every import is in the table', () => {
  const wrong = sources().flatMap(({ file, imports }) => {
    const entry = Object.entries(table).find(([, row]) => row.from.test(file));
    if (!entry) return [`${file}: no row of the table speaks of it`];
    const [name, row] = entry;
    return imports
      .filter((each) => !allowed(row, each))
      .map((each) => `${file} (${name}) imports ${each.specifier}${each.typeOnly ? ' as types' : ''}`);
  });
  expect(wrong).toEqual([]);
});

test('nothing but entries and tests imports api by value', () => {
  const wrong = sources()
    .filter(({ file }) => !/^(api|tests)\//.test(file))
    .flatMap(({ file, imports }) =>
      imports
        .filter(({ target, typeOnly }) => target.startsWith('api/') && !typeOnly)
        .map(({ target }) => `${file} → ${target}`),
    );
  expect(wrong).toEqual([]);
});

test('the environment is read in configuration, entries and tests only', () => {
  const readers = sources()
    .filter(({ file, text }) => !file.startsWith('tests/') && text.includes('process.env'))
    .map(({ file }) => file)
    .filter(
      (file) =>
        !/^(api\/(config|server|start|demo-send|set-password|worker|embedded\/[\w-]+)|db\/(migrate|rotate-keys))\.ts$|^studio-ui\/(widget\/)?vite\.config\.ts$|^api\/check-node\.js$/.test(
          file,
        ),
    );
  expect(readers).toEqual([]);
});
