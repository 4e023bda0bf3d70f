import { z } from 'zod';
import { instruct, listen, noNews, refOf, said, speakingSeconds } from '../calling.ts';
import { exitWith } from '../outgoing.ts';
import { language, oneLine, templateProblems, templateText, voice } from '../params.ts';
import { defineStep } from '../step.ts';
import { templateVariables } from '../template.ts';

export const say = defineStep({
  kind: 'say',
  title: 'Say',
  description: 'Speaks in the call and goes on when it was heard.',
  params: z.object({ text: templateText.min(1, 'Write what is said.'), voice, language }),
  waits: true,
  inCall: true,
  exitsWithoutWait: ['failed'],
  summary: ({ text }) => oneLine(text),
  exits: () => ['next', 'hung_up', 'failed'],
  variablesUsed: ({ text }) => templateVariables(text),
  variablesDefined: () => [],
  problems: ({ text }) => templateProblems(text, 'text'),
  enter: ({ text, ...spoken }, scope) => {
    const words = said(text, scope);
    if (words.trim() === '') return exitWith('next', { output: { said: '' } });
    return instruct({ do: 'say', text: words, ...spoken }, refOf(scope), scope, { input: { text: words } });
  },
  receive: ({ text }, event, position, scope) =>
    listen(event, position, scope, {
      patience: speakingSeconds(text) + 60,
      onSilence: () => exitWith('failed', { error: noNews }),
      heard: (part) => (part.event === 'said' ? exitWith('next') : null),
    }),
});
