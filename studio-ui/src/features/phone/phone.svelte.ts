/** The phone as the pages see it: the same state in every tab, wishes carried out by the tab that leads. Light: libraries come with the lead. */
import { attempt } from '../../lib/notify.ts';
import { idleState, type PhoneState, type Wish } from './phone-state.ts';
import type { Softphone } from './softphone.ts';
import { joinTabs, type TabLink } from './tab-leader.ts';

const nothing = (): void => undefined;

/** What the dialler is opened with. */
export interface DialWish {
  number: string;
  inboxId?: string;
  conversationId?: string;
  name?: string | null;
}

class Phone {
  state = $state.raw<PhoneState>(idleState);
  /** The tab that held the phone has gone and none has taken over yet. */
  isOrphaned = $state(false);
  isLeader = $state(false);
  /** Whether the panel is shown. */
  isOpen = $state(false);
  dialWish = $state.raw<DialWish | null>(null);
  /** Counts up when the keyboard asks for the keypad. */
  keypadRequests = $state(0);
  /** Whether this workspace has a phone at all. */
  isThere = $state(false);
  #link: TabLink<PhoneState, Wish> | null = null;
  #led: Promise<Softphone> | null = null;
  #inboxIds: readonly string[] = [];

  /** Joins the tabs of this person in this workspace, until the returned function is called. */
  start(who: { workspaceId: string; userId: string }): () => void {
    const name = `teloring.phone.${who.workspaceId}.${who.userId}`;
    const link = joinTabs<PhoneState, Wish>(name, {
      lead: () => this.#lead(name),
      follow: (state) => {
        this.isOrphaned = state === null;
        if (state) this.#show(state);
      },
      carryOut: async (wish) => (await this.#led)?.carryOut(wish),
      state: () => this.state,
    });
    this.#link = link;
    this.isThere = true;
    return () => {
      link.close();
      this.#link = null;
      this.isThere = false;
      this.isLeader = false;
      this.state = idleState;
    };
  }
  setInboxes(inboxIds: readonly string[]): void {
    this.#inboxIds = inboxIds;
    void this.#led?.then((softphone) => softphone.setInboxes(inboxIds));
  }
  /** A refusal becomes a toast. Answers whether it went well. */
  async wish(wish: Wish): Promise<boolean> {
    return attempt(FAILED[wish.do], async () => {
      if (!this.#link) throw new Error('The phone isn’t connected in this tab. Reload the page.');
      await this.#link.ask(wish);
    });
  }
  /** Opens the panel with a number to call. */
  openDialler(wish: DialWish | null = null): void {
    this.dialWish = wish;
    this.isOpen = true;
  }

  #show(state: PhoneState): void {
    const rang = this.state.call?.phase === 'ringing_in' ? this.state.call.id : null;
    if (state.call?.phase === 'ringing_in' && state.call.id !== rang) this.isOpen = true;
    this.state = state;
  }
  #lead(name: string): () => void {
    this.isLeader = true;
    this.isOrphaned = false;
    let stop: () => void = nothing;
    let isOver = false;
    this.#led = import('./leading.ts').then(({ leadPhone }) => {
      const led = leadPhone(name, (state) => {
        if (isOver) return;
        this.#show(state);
        this.#link?.publish(state);
      });
      if (isOver) led.stop();
      stop = led.stop;
      led.softphone.setInboxes(this.#inboxIds);
      return led.softphone;
    });
    return () => {
      isOver = true;
      stop();
      this.#led = null;
    };
  }
}

const FAILED: Record<Wish['do'], string> = {
  dial: 'The call wasn’t placed',
  answer: 'The call couldn’t be answered; it rings on',
  decline: 'The call couldn’t be declined',
  hang_up: 'The call couldn’t be ended',
  mute: 'The microphone couldn’t be switched',
  hold: 'The call couldn’t be held; you are still connected',
  digit: 'The digit couldn’t be sent',
  transfer: 'The call wasn’t transferred; you are still connected',
  consult: 'They couldn’t be called; the caller is still on the line',
  end_consult: 'The call couldn’t be ended',
  complete_transfer: 'The call wasn’t transferred; you are still connected',
  ready: 'It couldn’t be ended',
  dismiss: 'It couldn’t be put away',
  reconnect: 'The line couldn’t be connected',
  devices: 'The device couldn’t be used',
};

export const phone = new Phone();
