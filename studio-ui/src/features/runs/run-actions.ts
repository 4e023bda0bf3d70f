/** What an operator may do to a run as it stands. The server decides; this only leaves out what can't be. Pure. */
import type { Run, RunAction } from '../../lib/api/types.ts';

export interface RunActionChoice {
  action: RunAction;
  label: string;
  /** What follows from it, said before it is done; null where nothing is lost. */
  consequence: string | null;
  done: string;
}

const CHOICES: Record<RunAction, Omit<RunActionChoice, 'action'>> = {
  resume: {
    label: 'Give it back to the bot',
    consequence: null,
    done: 'The run goes on where it was',
  },
  skip: {
    label: 'End the wait now',
    consequence:
      'The run goes on at once as if its time were over. The contact’s answer, should it still come, is handled by what follows.',
    done: 'The wait is over',
  },
  retry: {
    label: 'Try again',
    consequence: null,
    done: 'It is tried again',
  },
  cancel: {
    label: 'Cancel',
    consequence:
      'It ends here for good. Messages already sent stay; what it still had planned is withdrawn. The conversation stays open.',
    done: 'Cancelled',
  },
  terminate: {
    label: 'Terminate by force',
    consequence:
      'The run and its workflow end at once, without a chance to tidy up. Use it only where cancelling doesn’t help.',
    done: 'Terminated',
  },
};

export function runActions(run: Run): RunActionChoice[] {
  const isOpen = run.status === 'running' || run.status === 'waiting';
  const isFlow = run.kind === 'flow';
  const fits: Record<RunAction, boolean> = {
    resume: isFlow && run.waitingFor === 'person',
    skip: isFlow && run.status === 'waiting' && run.waitingFor !== 'person',
    retry: !isFlow && run.status === 'failed',
    cancel: isOpen && (isFlow || run.kind === 'outbound'),
    terminate: isOpen && isFlow,
  };
  return (Object.keys(CHOICES) as RunAction[])
    .filter((action) => fits[action])
    .map((action) => ({ action, ...CHOICES[action] }));
}
