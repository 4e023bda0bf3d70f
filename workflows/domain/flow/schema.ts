/** The stored and the public form of a flow: read through here wherever it comes from outside (a request, a row). */
import { z } from 'zod';
import type { Part } from '../message.ts';
import { CALL_TRIGGER_EVENTS, STEP_KINDS, type FlowDefinition, type FlowProblem } from './types.ts';

const CURRENT = 1;
/** From the version it is named after to the next one. Stored flows are upgraded when read, never rewritten. */
const upgrades: Readonly<Record<number, (old: Record<string, unknown>) => Record<string, unknown>>> = {};

/** Deepest nesting of a definition; what is deeper could exhaust the stack of whoever walks it. */
const MAX_DEPTH = 40;
const name = z.string().min(1).max(64);
const json = z.json();

const matchSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal(['any', 'first']) }),
  z.object({ kind: z.literal(['keyword', 'regex']), value: z.string().max(1000).default('') }),
]);
const inboxIds = z.array(z.string().max(64)).max(200);
export const triggerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('message_received'), inboxIds, match: matchSchema }),
  z.object({ kind: z.literal('call'), inboxIds, event: z.enum(CALL_TRIGGER_EVENTS) }),
]);
export const stepSchema = z.object({
  kind: z.enum(STEP_KINDS),
  params: z.record(z.string(), json).default({}),
  exits: z.record(z.string().max(64), z.string().max(64).nullable()).default({}),
});
/** The structure only: drafts may be incomplete inside a step; `checkFlow` says what is missing before publishing. */
export const flowDefinitionSchema = z.object({
  schemaVersion: z.literal(CURRENT),
  triggers: z.array(triggerSchema).max(50).default([]),
  entry: z.string().max(64).default(''),
  steps: z
    .record(
      name.regex(/^(?!__proto__$)[\p{L}\p{N}_-]+$/u, 'A step id has letters, digits, _ and - only.'),
      stepSchema,
    )
    .refine((steps) => Object.keys(steps).length <= 500, 'A flow may have 500 steps.'),
  view: z.record(z.string(), json).optional(),
}) satisfies z.ZodType<FlowDefinition>;

export type ParsedFlow =
  { kind: 'ok'; definition: FlowDefinition } | { kind: 'malformed'; problems: FlowProblem[] };

/** A definition in the current schema version, or what keeps it from being one. Never throws. */
export function parseFlowDefinition(value: unknown): ParsedFlow {
  if (tooDeep(value))
    return malformed([{ path: [], message: `It is nested deeper than ${MAX_DEPTH} levels.` }]);
  let current = value;
  for (let version = versionOf(current); version !== null && version < CURRENT; version++) {
    const upgrade = upgrades[version];
    if (upgrade === undefined) break;
    current = { ...upgrade(current as Record<string, unknown>), schemaVersion: version + 1 };
  }
  const parsed = flowDefinitionSchema.safeParse(current);
  return parsed.success ? { kind: 'ok', definition: parsed.data } : malformed(parsed.error.issues);
}

function versionOf(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return null;
  return typeof value.schemaVersion === 'number' ? value.schemaVersion : null;
}

function malformed(issues: readonly { path: PropertyKey[]; message: string }[]): ParsedFlow {
  const problems = issues.map(({ path, message }): FlowProblem => ({
    severity: 'error',
    step: path[0] === 'steps' && path[1] !== undefined ? String(path[1]) : null,
    path: path.map(String).join('.'),
    code: 'malformed',
    message: path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
  }));
  return { kind: 'malformed', problems };
}

/** Iterative, so that no depth can hurt it. */
function tooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    if (level.length === 0) return false;
  }
  return true;
}

const text = z.string().max(131_072);
const address = z
  .string()
  .max(2048)
  .refine((url) => /^https?:\/\/[^\s]+$/iu.test(url), 'An address begins with https:// or http://.');
const optionSchema = z.object({ id: name, label: z.string().min(1).max(256) });
export const choiceOptionsSchema = z
  .array(optionSchema)
  .min(1)
  .max(50)
  .refine(
    (options) => new Set(options.map(({ id }) => id)).size === options.length,
    'Each option needs its own id.',
  );

/** A media part names our `mediaId` or a public `url` (then `mediaId` is ''). */
function mediaSchema(url: z.ZodType<string>) {
  return z
    .object({
      kind: z.enum(['image', 'audio', 'video', 'file']),
      mediaId: z.string().max(64).default(''),
      url: url.optional(),
      mimeType: z.string().max(200).optional(),
      name: z.string().max(256).optional(),
      sizeBytes: z.int().nonnegative().optional(),
      caption: text.optional(),
    })
    .refine(
      (part) => part.mediaId !== '' || (part.url ?? '') !== '',
      'A media part needs a mediaId or a url.',
    )
    .transform((part) => ({
      ...part,
      mimeType: part.mimeType ?? guessMimeType(part.kind, part.url ?? part.name ?? ''),
    }));
}
function partSchema(url: z.ZodType<string>) {
  return z.union([
    z.object({ kind: z.literal('text'), text: text.min(1) }),
    mediaSchema(url),
    z.object({ kind: z.literal('choices'), text, options: choiceOptionsSchema }),
    z.object({
      kind: z.literal('location'),
      lat: z.number().min(-90).max(90),
      lon: z.number().min(-180).max(180),
      name: z.string().max(500).optional(),
    }),
    z.object({
      kind: z.literal('contact_card'),
      name: z.string().min(1).max(500),
      phones: z.array(z.string().max(50)).max(10).optional(),
      emails: z.array(z.string().max(254)).max(10).optional(),
    }),
    z.object({
      kind: z.literal('template'),
      name: z.string().min(1).max(512),
      language: z.string().max(20).optional(),
      params: json.optional(),
    }),
  ]) satisfies z.ZodType<Part>;
}

/** What an agent or the API may send. */
export const outboundPartsSchema = z.array(partSchema(address)).min(1).max(20);
/** The same inside a flow, where texts and addresses may be templates. */
export const flowPartsSchema = z
  .array(
    partSchema(
      z.union([address, z.string().max(2048).regex(/\{\{/u, 'An address begins with https:// or http://.')]),
    ),
  )
  .min(1)
  .max(20);

const mimeTypes: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  m4a: 'audio/mp4',
  mp4: 'video/mp4',
  webm: 'video/webm',
  pdf: 'application/pdf',
  txt: 'text/plain',
  csv: 'text/csv',
};
const usualMimeTypes = {
  image: 'image/jpeg',
  audio: 'audio/mpeg',
  video: 'video/mp4',
  file: 'application/octet-stream',
} as const;
/** By the ending of a name or address; the bytes themselves are looked at when they are fetched. */
function guessMimeType(kind: keyof typeof usualMimeTypes, source: string): string {
  const ending = /\.([a-z0-9]{2,5})(?:[?#]|$)/iu.exec(source)?.[1]?.toLowerCase();
  return (
    (ending !== undefined && Object.hasOwn(mimeTypes, ending) ? mimeTypes[ending] : undefined) ??
    usualMimeTypes[kind]
  );
}
