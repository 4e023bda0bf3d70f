import { z } from 'zod';
import { instruct, listen, noNews, refOf, said, speakingSeconds } from '../calling.ts';
import { exitWith } from '../outgoing.ts';
import { language, oneLine, templateProblems, templateText, voice } from '../params.ts';
import { defineStep } from '../step.ts';
import { templateVariables } from '../template.ts';

export const voicemail = defineStep({
  kind: 'voicemail',
  title: 'Voicemail',
  description: 'Greets, then records what the caller says.',
  params: z.object({
    greeting: templateText.default('Please leave a message after the tone.'),
    maxSeconds: z.int().min(5).max(600).default(120),
    voice,
    language,
  }),
  waits: true,
  inCall: true,
  exitsWithoutWait: ['failed'],
  summary: ({ greeting }) => oneLine(greeting) || 'Records a message',
  exits: () => ['recorded', 'hung_up', 'failed'],
  variablesUsed: ({ greeting }) => templateVariables(greeting),
  variablesDefined: () => [],
  problems: ({ greeting }) => templateProblems(greeting, 'greeting'),
  enter: ({ greeting, maxSeconds, ...spoken }, scope) =>
    instruct({ do: 'voicemail', text: said(greeting, scope), maxSeconds, ...spoken }, refOf(scope), scope, {
      input: { greeting: said(greeting, scope) },
    }),
  receive: ({ greeting, maxSeconds }, event, position, scope) =>
    listen(event, position, scope, {
      patience: speakingSeconds(greeting) + maxSeconds + 60,
      onSilence: () => exitWith('failed', { error: noNews }),
      heard: (part, message) => {
        if (part.event === 'voicemail')
          return exitWith('recorded', { message, output: { seconds: part.durationSeconds ?? null } });
        // Nothing was said.
        return part.event === 'no_answer' ? exitWith('hung_up', { message, output: { silent: true } }) : null;
      },
    }),
});
