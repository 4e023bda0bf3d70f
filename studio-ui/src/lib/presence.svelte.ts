/** Who is there, and what this person has said of themselves. A sign of life goes out while a screen is open. */
import type { PresenceChoice } from '#domain/call.ts';
import { api } from './api/endpoints.ts';
import type { Presence } from './api/voice-types.ts';
import { feed } from './feed.svelte.ts';
import { attempt } from './notify.ts';
import { session } from './session.svelte.ts';
import { throttled } from './throttled.ts';

class PresenceList {
  everybody = $state.raw<Presence[]>([]);
  readonly mine: Presence | undefined = $derived(
    this.everybody.find(({ userId }) => userId === session.me?.user?.id),
  );
  /** Until it is known: as nobody has said otherwise. */
  get chosen(): PresenceChoice {
    return this.mine?.chosen ?? 'online';
  }
  of(userId: string): Presence | undefined {
    return this.everybody.find((one) => one.userId === userId);
  }

  /** Follows the feed until the returned function is called. */
  open(): () => void {
    const look = throttled(() => void this.load(), 100, 1_000);
    const undo = [
      feed.onEvent((event) => {
        if (event.name === 'presence.updated') look();
      }),
      feed.onResync(look),
    ];
    look();
    return () => {
      look.cancel();
      undo.forEach((stop) => stop());
    };
  }
  async load(): Promise<void> {
    // What was known stays on screen: nobody is told wrong things for a moment without network.
    const answer = await api.presence().catch(() => null);
    if (answer) this.everybody = answer.items;
  }
  async choose(status: PresenceChoice): Promise<void> {
    await attempt('Your presence couldn’t be changed', async () => {
      const mine = await api.choosePresence(status);
      this.everybody = [...this.everybody.filter(({ userId }) => userId !== mine.userId), mine];
    });
  }
}
export const presence = new PresenceList();
