import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#domain/json.ts';
import { flow, message, noAnswer, outcome, refused, start } from './fixtures.ts';

const calling = (params: JsonObject, text = 'hello') =>
  start(
    flow({ call: ['http', params, { ok: 'good', error: 'bad' }], good: ['end', {}], bad: ['end', {}] }),
    message(text),
  );
const answer = (status: number, body: Json = null): Json => ({
  status,
  headers: { 'content-type': 'application/json' },
  body,
});
const params = {
  method: 'POST',
  url: 'https://example.org/orders',
  save: { id: 'body.items[0].id', kind: 'headers["content-type"]', none: 'body.nope' },
};

describe('http', () => {
  it('plans the request', () => {
    const run = calling({
      ...params,
      headers: { 'X-Text': '{{message.text}}' },
      body: 'raw {{message.text}}',
      timeoutMs: 500,
    });
    expect(run.next).toMatchObject({
      kind: 'effect',
      effect: {
        kind: 'http',
        method: 'POST',
        url: 'https://example.org/orders',
        headers: { 'X-Text': 'hello' },
        body: 'raw hello',
        timeoutMs: 500,
      },
    });
    expect(run.last.visits[0]?.input).toEqual({ method: 'POST', url: 'https://example.org/orders' });
  });

  it('goes ok on 2xx and keeps what save names, null where the answer lacks it', () => {
    const run = calling(params);
    run.tell(outcome({ kind: 'sent', result: answer(201, { items: [{ id: 7 }] }) }));
    expect(run.exit).toBe('ok');
    expect(run.state.vars).toEqual({
      id: 7,
      kind: 'application/json',
      none: null,
      http_status: 201,
      http_error: null,
    });
  });

  it.each([199, 300, 404, 500])('goes error on %i, with the answer kept', (status) => {
    const run = calling(params);
    run.tell(outcome({ kind: 'sent', result: answer(status, { items: [{ id: 'x' }] }) }));
    expect(run.exit).toBe('error');
    expect(run.state.vars).toMatchObject({
      id: 'x',
      http_status: status,
      http_error: `The answer was ${status}.`,
    });
  });

  it('goes error when refused or unanswered', () => {
    const failed = calling(params);
    failed.tell(refused);
    expect(failed.exit).toBe('error');
    expect(failed.state.vars).toMatchObject({ id: null, http_status: null, http_error: 'Refused.' });
    const unknown = calling(params);
    unknown.tell(noAnswer);
    expect(unknown.exit).toBe('error');
    expect(unknown.last.visits[0]?.error?.kind).toBe('no_answer');
  });

  it('quotes values safely in a JSON body', () => {
    const run = calling(
      { url: 'https://example.org', method: 'POST', body: { text: '{{message.text}}', n: 1 } },
      '"}, {"x"',
    );
    expect(run.next).toMatchObject({
      effect: {
        body: JSON.stringify({ text: '"}, {"x"', n: 1 }),
        headers: { 'content-type': 'application/json' },
      },
    });
  });

  it('percent-encodes values in the address, but not one that is its beginning', () => {
    expect(calling({ url: 'https://example.org/?q={{message.text}}&x=1' }, 'a&b=ü/?').next).toMatchObject({
      effect: { method: 'GET', url: 'https://example.org/?q=a%26b%3D%C3%BC%2F%3F&x=1', body: null },
    });
    expect(calling({ url: '{{message.text}}/x/{{message.text}}' }, 'https://a.example').next).toMatchObject({
      effect: { url: 'https://a.example/x/https%3A%2F%2Fa.example' },
    });
  });

  it('lets no value leave its header', () => {
    expect(
      calling({ url: 'https://example.org', headers: { A: '{{message.text}}' } }, 'x\r\nEvil: 1').next,
    ).toMatchObject({
      effect: { headers: { A: 'x Evil: 1' } },
    });
  });

  it.each(['ftp://example.org', '{{message.text}}', 'https://'])(
    'goes error at once for the address %s',
    (url) => {
      const run = calling({ url, save: { id: 'body' } }, 'javascript:1');
      expect(run.exit).toBe('error');
      expect(run.state.vars).toMatchObject({ id: null, http_status: null });
    },
  );

  it('keeps no answer that would swell every state', () => {
    const run = calling({ url: 'https://example.org', save: { all: 'body' } });
    run.tell(outcome({ kind: 'sent', result: answer(200, 'x'.repeat(100_000)) }));
    expect(run.state.vars['all']).toBeNull();
    expect(run.last.visits[0]?.output).toEqual({ status: 200, tooLarge: ['all'] });
  });
});
