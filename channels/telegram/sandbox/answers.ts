import type { ApiError, ApiSuccess } from '@grammyjs/types';

/** A refusal in the Bot API's words, answered with its code as status. */
export class Refusal extends Error {
  readonly code: number;
  readonly parameters: ApiError['parameters'];
  constructor(code: number, description: string, parameters?: ApiError['parameters']) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

export function success(result: unknown): Response {
  return Response.json({ ok: true, result } satisfies ApiSuccess<unknown>);
}
export function refused({ code, message, parameters }: Refusal): Response {
  const body: ApiError = {
    ok: false,
    error_code: code,
    description: message,
    ...(parameters ? { parameters } : {}),
  };
  return Response.json(body, { status: code });
}
