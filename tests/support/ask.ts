/** JSON in, JSON out, for tests of the HTTP side. */
import type { TestRequest } from './api.ts';

export interface Answer<T> {
  status: number;
  /** Taken to be a T: the test's claim, and its expectations check it. */
  body: T;
  text: string;
}
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape it expects
export type Ask = <T>(path: string, options?: TestRequest) => Promise<Answer<T>>;

export function asking(
  api: { request(path: string, options: TestRequest): Promise<Response> },
  defaults: TestRequest = {},
): Ask {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
  return async <T>(path: string, options: TestRequest = {}) => {
    const response = await api.request(path, { ...defaults, ...options });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T, text };
  };
}
