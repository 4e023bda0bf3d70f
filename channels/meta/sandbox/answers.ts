/** Answers and refusals in Graph's shape. */
import { traceId } from './ids.ts';

export interface RefusalOptions {
  status?: number;
  subcode?: number;
  type?: string;
  /** `error_user_title` and `error_user_msg`. */
  user?: [title: string, message: string];
  details?: string;
  transient?: boolean;
  headers?: Record<string, string>;
}
/** What Meta answers instead of a result. */
export class GraphRefusal extends Error {
  readonly code: number;
  readonly options: RefusalOptions;
  constructor(code: number, message: string, options: RefusalOptions = {}) {
    super(message);
    this.code = code;
    this.options = options;
  }
}

export function refusalAnswer({ code, message, options }: GraphRefusal): Response {
  const { status = 400, subcode, type = 'OAuthException', user, details, transient, headers } = options;
  const error = {
    message: /^\(#|^Error|^Invalid|^The /.test(message) ? message : `(#${code}) ${message}`,
    type,
    code,
    ...(details === undefined ? {} : { error_data: { messaging_product: 'whatsapp', details } }),
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    ...(transient ? { is_transient: true } : {}),
    ...(user ? { error_user_title: user[0], error_user_msg: user[1] } : {}),
    fbtrace_id: traceId(),
  };
  return answer({ error }, status, headers);
}

/** JSON as Meta writes it, in `text/javascript` for old edges and `application/json` for the rest: here always the latter. */
export function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'facebook-api-version': 'v26.0',
      ...headers,
    },
  });
}

export const noSuchObject = (id: string): GraphRefusal =>
  new GraphRefusal(
    100,
    `Unsupported request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`,
    { subcode: 33, type: 'GraphMethodException' },
  );
export const invalidParameter = (what: string): GraphRefusal => new GraphRefusal(100, `(#100) ${what}`);
export const invalidToken = (): GraphRefusal =>
  new GraphRefusal(190, 'Invalid OAuth access token - Cannot parse access token', { status: 401 });
