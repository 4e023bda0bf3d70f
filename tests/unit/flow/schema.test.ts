import { describe, expect, it } from 'vitest';
import { outboundPartsSchema, parseFlowDefinition } from '#domain/flow/schema.ts';
import { flow } from './fixtures.ts';

describe('parseFlowDefinition', () => {
  it('takes what it gave', () => {
    const definition = flow(
      { a: ['send', { text: 'x' }, { next: null, failed: null }] },
      { view: { a: { x: 1, y: 2 } } },
    );
    expect(parseFlowDefinition(JSON.parse(JSON.stringify(definition)))).toEqual({ kind: 'ok', definition });
  });
  it('fills in what may be left out', () => {
    const parsed = parseFlowDefinition({ schemaVersion: 1, entry: 'a', steps: { a: { kind: 'end' } } });
    expect(parsed).toEqual({
      kind: 'ok',
      definition: {
        schemaVersion: 1,
        triggers: [],
        entry: 'a',
        steps: { a: { kind: 'end', params: {}, exits: {} } },
      },
    });
  });
  it('takes a draft whose steps are not set up yet', () => {
    expect(parseFlowDefinition(flow({ a: ['ask', {}] }, { entry: '' })).kind).toBe('ok');
  });
  it.each([
    [null, ''],
    [{ schemaVersion: 2, triggers: [], entry: 'a', steps: {} }, 'schemaVersion'],
    [{ schemaVersion: 0, triggers: [], entry: 'a', steps: {} }, 'schemaVersion'],
    [{ schemaVersion: 1, triggers: [], entry: 'a', steps: { a: { kind: 'fly' } } }, 'steps.a.kind'],
    [{ schemaVersion: 1, triggers: [], entry: 'a', steps: { 'a b': { kind: 'end' } } }, 'steps.a b'],
    [{ schemaVersion: 1, triggers: [{ kind: 'x' }], entry: 'a', steps: {} }, 'triggers.0.kind'],
  ])('says where %j is wrong', (json, path) => {
    const parsed = parseFlowDefinition(json);
    expect(parsed.kind === 'malformed' && parsed.problems[0]?.path).toBe(path);
  });
  it('names the step', () => {
    const parsed = parseFlowDefinition(flow({ a: ['end', {}, { next: 7 as unknown as string }] }));
    expect(parsed).toMatchObject({
      kind: 'malformed',
      problems: [{ step: 'a', code: 'malformed', severity: 'error' }],
    });
  });
  it('refuses bottomless nesting without being hurt by it', () => {
    let deep: object = {};
    for (let depth = 0; depth < 50_000; depth++) deep = { deep };
    expect(parseFlowDefinition({ schemaVersion: 1, entry: 'a', steps: {}, view: deep })).toMatchObject({
      kind: 'malformed',
      problems: [{ message: 'It is nested deeper than 40 levels.' }],
    });
  });
});

const read = (part: object) => outboundPartsSchema.safeParse([part]).data?.[0];
describe('outboundPartsSchema', () => {
  it('takes media by id or by public address', () => {
    expect(read({ kind: 'image', mediaId: 'm-1', mimeType: 'image/png' })).toEqual({
      kind: 'image',
      mediaId: 'm-1',
      mimeType: 'image/png',
    });
    expect(read({ kind: 'file', url: 'https://example.org/a.PDF?x=1' })).toEqual({
      kind: 'file',
      mediaId: '',
      url: 'https://example.org/a.PDF?x=1',
      mimeType: 'application/pdf',
    });
    expect(read({ kind: 'image', url: 'https://example.org/a' })).toMatchObject({ mimeType: 'image/jpeg' });
  });
  it.each([
    { kind: 'text', text: '' },
    { kind: 'image' },
    { kind: 'image', url: 'file:///etc/passwd' },
    { kind: 'image', url: '{{vars.x}}' },
    { kind: 'choices', text: 'x', options: [] },
    {
      kind: 'choices',
      text: 'x',
      options: [
        { id: 'a', label: 'A' },
        { id: 'a', label: 'B' },
      ],
    },
    { kind: 'location', lat: 91, lon: 0 },
    { kind: 'call', event: 'x' },
    { kind: 'unsupported', what: 'x' },
  ])('refuses %j', (part) => {
    expect(read(part)).toBeUndefined();
  });
});
