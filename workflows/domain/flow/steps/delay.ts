import { z } from 'zod';
import { exitWith } from '../outgoing.ts';
import { describeSeconds, waitSeconds } from '../params.ts';
import { defineStep } from '../step.ts';

export const delay = defineStep({
  kind: 'delay',
  title: 'Delay',
  description: 'Waits, from seconds to months, then goes on.',
  params: z.object({ seconds: waitSeconds }),
  waits: true,
  summary: ({ seconds }) => describeSeconds(seconds),
  exits: () => ['next'],
  variablesUsed: () => [],
  variablesDefined: () => [],
  enter: ({ seconds }, scope) => ({
    go: { kind: 'wait', wait: { kind: 'delay', deadlineMs: scope.nowMs + seconds * 1000 } },
    input: { seconds },
  }),
  receive: (_given, event, { wait }) => {
    if (wait === null) return null;
    if (event.kind === 'timeout') return exitWith('next');
    // It answers nothing that was asked: it is `message.*` from now on, and the delay goes on.
    return event.kind === 'message' ? { go: { kind: 'wait', wait }, message: event.message } : null;
  },
  refresh: ({ seconds }, wait, scope) => ({ ...wait, deadlineMs: scope.nowMs + seconds * 1000 }),
});
