/** A provider of a few lines: notes every call, answers what the test says by "METHOD /path below the version". */
import type { Json } from '#domain/json.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';

export interface Call {
  what: string;
  host: 'facebook' | 'instagram';
  query: Record<string, string>;
  token: string | undefined;
  body: unknown;
}
type Answer = Json | { status: number; body: Json };

export async function graphServer(answers: Record<string, Answer>): Promise<LocalServer & { calls: Call[] }> {
  const calls: Call[] = [];
  const server = await serveHttp(({ method, path, headers, body }, response) => {
    const url = new URL(path, 'http://graph');
    const [, host = '', ...rest] = url.pathname.split('/');
    if (rest[0]?.startsWith('v')) rest.shift();
    const what = `${method} /${rest.join('/')}`;
    calls.push({
      what,
      host: host === 'facebook' ? 'facebook' : 'instagram',
      query: Object.fromEntries(url.searchParams),
      token: headers.authorization?.replace('Bearer ', ''),
      body: bodyOf(body.toString(), headers['content-type']),
    });
    const answer = answers[what];
    const { status, json } = isStatus(answer)
      ? { status: answer.status, json: answer.body }
      : { status: answer === undefined ? 404 : 200, json: answer ?? {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
  return { ...server, calls };
}

function isStatus(answer: Answer | undefined): answer is { status: number; body: Json } {
  return typeof answer === 'object' && answer !== null && 'status' in answer && 'body' in answer;
}

function bodyOf(body: string, contentType: string | undefined): unknown {
  if (body === '') return null;
  return contentType?.startsWith('application/json')
    ? (JSON.parse(body) as unknown)
    : Object.fromEntries(new URLSearchParams(body));
}
