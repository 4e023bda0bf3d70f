/** A small Graph API for one test: answers by method and path, and remembers what it was asked. */
import { afterEach } from 'vitest';
import { GRAPH_VERSION } from '#channels/meta/graph.ts';
import { serveHttp, type LocalServer } from '../local-server.ts';

export interface GraphRequest {
  method: string;
  /** Below the version, without the query. */
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  contentType: string;
  text: string;
  json: unknown;
  form: FormData | null;
}
/** An answer's body, with 200 unless it says `status`; a number closes the connection without one. */
export type GraphAnswer = { status?: number; body: unknown } | 'hang up';
export type GraphRoutes = Record<string, GraphAnswer | ((request: GraphRequest) => GraphAnswer)>;

const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Routes are named `POST /123/messages`; anything else is a refusal with code 100/33. */
export async function serveGraph(routes: GraphRoutes): Promise<{ url: string; asked: GraphRequest[] }> {
  const asked: GraphRequest[] = [];
  const server = await serveHttp(async (given, response, incoming) => {
    const url = new URL(given.path, 'http://graph');
    const contentType = given.headers['content-type'] ?? '';
    const isForm = /^(multipart|application\/x-www-form-urlencoded)/.test(contentType);
    const body = new Response(Uint8Array.from(given.body), { headers: { 'content-type': contentType } });
    const request: GraphRequest = {
      method: given.method,
      path: url.pathname.replace(`/${GRAPH_VERSION}`, ''),
      query: url.searchParams,
      authorization: given.headers['authorization'],
      contentType,
      text: given.body.toString(),
      json: contentType === 'application/json' ? JSON.parse(given.body.toString()) : null,
      form: isForm ? await body.formData() : null,
    };
    asked.push(request);
    const route = routes[`${request.method} ${request.path}`];
    const answer = typeof route === 'function' ? route(request) : (route ?? refused(100, 33));
    if (answer === 'hang up') return void incoming.socket.destroy();
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  servers.push(server);
  return { url: server.url, asked };
}

export function refused(code: number, subcode?: number, status = 400): GraphAnswer {
  const error = {
    message: `(#${code}) refused`,
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
  };
  return { status, body: { error } };
}
