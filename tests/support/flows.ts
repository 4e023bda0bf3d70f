/** Small flows that tests share. */
import type { FlowDefinition } from '#domain/flow/types.ts';

export interface AskFlowOptions {
  timeoutSeconds?: number;
  keyword?: string;
  maxInvalid?: number;
  format?: string;
  mergeSeconds?: number;
}

/** Asks for a number; answers "Got …", "Too late", "Not a number". */
export function askFlow({
  timeoutSeconds = 60,
  keyword,
  maxInvalid = 2,
  format = 'number',
  mergeSeconds,
}: AskFlowOptions = {}): FlowDefinition {
  const say = (text: string) => ({
    kind: 'send' as const,
    params: { text },
    exits: { next: null, failed: null },
  });
  return {
    schemaVersion: 1,
    triggers: [
      {
        kind: 'message_received',
        inboxIds: ['*'],
        match: keyword === undefined ? { kind: 'any' } : { kind: 'keyword', value: keyword },
      },
    ],
    entry: 'ask',
    steps: {
      ask: {
        kind: 'ask',
        params: {
          text: 'How many?',
          variable: 'count',
          format,
          timeoutSeconds,
          maxInvalid,
          ...(mergeSeconds === undefined ? {} : { mergeSeconds }),
        },
        exits: { reply: 'thanks', invalid: 'sorry', timeout: 'late', undelivered: null, taken_over: null },
      },
      thanks: say('Got {{vars.count}}'),
      late: say('Too late'),
      sorry: say('Not a number'),
    },
  };
}
