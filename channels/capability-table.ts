/** What each channel carries and tells, as README's table: made from the definitions, so it can't say anything else. */
import type { ChannelDefinition } from './contract.ts';
import { definitions } from './definitions.ts';

const start = '<!-- capabilities: made by `npm run capabilities` -->';
const end = '<!-- /capabilities -->';

type Cell = (definition: ChannelDefinition) => string | number | boolean | undefined;
const columns: readonly [title: string, cell: Cell][] = [
  [
    'text',
    ({ capabilities: { maxTextLength, textUnit } }) => `${maxTextLength}${textUnit === 'utf8' ? ' B' : ''}`,
  ],
  ['calls', ({ capabilities }) => capabilities.voice],
  ['image', ({ capabilities }) => capabilities.image],
  ['audio', ({ capabilities }) => capabilities.audio],
  ['video', ({ capabilities }) => capabilities.video],
  ['file', ({ capabilities }) => capabilities.file],
  ['choices', ({ capabilities: { choices } }) => choices?.max],
  ['location', ({ capabilities }) => capabilities.location],
  ['contact card', ({ capabilities }) => capabilities.contactCard],
  ['template', ({ capabilities }) => capabilities.template],
  ['quote', ({ capabilities }) => capabilities.quote],
  ['private reply', ({ capabilities }) => capabilities.privateReply],
  ['on comments', ({ actions }) => actions?.join(', ')],
  ['typing', ({ capabilities }) => capabilities.typing],
  ['marks read', ({ capabilities }) => capabilities.marksRead],
  ['window', ({ capabilities: { window } }) => windowOf(window)],
  ['delivered', ({ reports }) => reports.delivered],
  ['read', ({ reports }) => reports.read],
  ['edits', ({ reports }) => reports.edits],
  ['deletes', ({ reports }) => reports.deletes],
  ['reactions', ({ reports }) => reports.reactions],
  ['echoes', ({ reports }) => reports.echoes],
  ['sandbox', ({ hasSandbox }) => hasSandbox],
];

function windowOf(window: ChannelDefinition['capabilities']['window']): string | undefined {
  if (window?.kind !== 'hours') return undefined;
  const { hours, humanHours, most, templates } = window;
  const more = [
    ...(humanHours === undefined ? [] : [`people ${humanHours / 24} d`]),
    ...(most === undefined ? [] : [`${most} messages`]),
    ...(templates ? ['then templates'] : []),
  ];
  return [`${hours} h`, ...more].join(', ');
}

const row = (first: string, cells: readonly string[]): string => `| ${[first, ...cells].join(' | ')} |`;

/** Channels are columns, so that the table stays as wide as a page. */
export function capabilityTable(of: readonly ChannelDefinition[] = Object.values(definitions)): string {
  const sorted = of.toSorted((one, other) => one.title.localeCompare(other.title, 'en'));
  return [
    row(
      '',
      sorted.map(({ title }) => title),
    ),
    row(
      '---',
      sorted.map(() => '---'),
    ),
    ...columns.map(([title, cell]) =>
      row(
        title,
        sorted.map((definition) => shown(cell(definition))),
      ),
    ),
  ].join('\n');
}

function shown(value: ReturnType<Cell>): string {
  if (value === undefined || value === false || value === '') return '–';
  return value === true ? 'yes' : String(value);
}

/** The document with its block renewed. @throws Error where it has none */
export function withCapabilityTable(document: string, table = capabilityTable()): string {
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The document has no block “${start} … ${end}”.`);
  return `${document.slice(0, from)}${start}\n\n${table}\n\n${document.slice(to)}`;
}
