/** What the chat is like for this visitor now: what is asked of them, whether somebody is there, who types. */
import type { PreChatProblem } from '#domain/live-chat/pre-chat.ts';
import type { Connection } from './connection.ts';
import type { Typing, VisitorState } from './wire.ts';

export type Problem = Pick<PreChatProblem, 'path' | 'code'>;

export function createVisitorState(connection: Connection, language: () => string) {
  let state = $state.raw<VisitorState | null>(null);
  let typing = $state.raw<Typing | null>(null);
  /** Answered or waved away here; asked no more, whatever comes late from the server. */
  let closedSurvey = $state('');
  /** For the server it is answered with the score; here the words may still follow. */
  let answering = $state.raw<VisitorState['survey']>(null);
  let typingTimer: ReturnType<typeof setTimeout> | undefined;

  const stopTyping = (): void => {
    clearTimeout(typingTimer);
    typing = null;
  };
  return {
    get state() {
      return state;
    },
    get typing() {
      return typing;
    },
    get survey() {
      const asked = state?.survey ?? answering;
      return asked && asked.id !== closedSurvey ? asked : null;
    },
    take(next: VisitorState): void {
      state = next;
    },
    takeTyping(next: Typing): void {
      stopTyping();
      if (!next.typing) return;
      typing = next;
      typingTimer = setTimeout(stopTyping, next.forMs);
    },
    stopTyping,
    /** @returns what is wrong with the answers; a connection that failed is a problem of none of them */
    async answerQuestions(answers: Record<string, string>, consent: boolean): Promise<Problem[]> {
      const answer = await connection.call<{ state: VisitorState }>('POST', 'pre-chat', {
        answers,
        consent,
        language: language(),
      });
      if (answer.kind === 'ok') {
        ({ state } = answer.body);
        return [];
      }
      const named = answer.kind === 'refused' ? (answer.details ?? []) : [];
      return named.length > 0 ? named : [{ path: '', code: 'invalid' }];
    },
    async rate(surveyId: string, score: number, comment: string): Promise<boolean> {
      if (state?.survey?.id === surveyId) answering = state.survey;
      const answer = await connection.call('POST', `surveys/${surveyId}`, { score, comment });
      return answer.kind === 'ok';
    },
    closeSurvey(surveyId: string): void {
      closedSurvey = surveyId;
    },
  };
}
