import type { HttpClient } from '#channels/http.ts';
import type { ApiDeps } from '../deps.ts';
import { tellAway } from './away.ts';
import { sendChatMails } from './chat-mails.ts';

type Deps = Pick<ApiDeps, 'config' | 'engineDb' | 'keyring' | 'inboxes' | 'feed' | 'log'> & {
  http: HttpClient;
};

export interface LiveChatUpkeep {
  /** What is due by the rows. A slow mail server keeps no sweep waiting: one round of mails at a time, beside it. */
  attend(): Promise<void>;
  /** Waits for the round under way. */
  stop(): Promise<void>;
}

export function createLiveChatUpkeep(deps: Deps): LiveChatUpkeep {
  let sending: Promise<void> | null = null;
  async function send(): Promise<void> {
    try {
      await sendChatMails(deps);
    } catch (error) {
      deps.log.warn(
        { reason: String(error) },
        'live chat: mails to visitors wait; the next sweep tries again',
      );
    }
    sending = null;
  }
  return {
    async attend() {
      await tellAway(deps);
      sending ??= send();
    },
    stop: async () => await sending?.then(),
  };
}
