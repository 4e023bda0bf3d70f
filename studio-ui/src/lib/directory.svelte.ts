/** Names everything refers to: inboxes, members, teams, labels, flows. Small, loaded once, refreshed when the feed says so. */
import { api } from './api/endpoints.ts';
import type { Flow, Inbox, Label, Member, Team } from './api/types.ts';
import { messageOf } from './api/client.ts';
import { isUnwell } from './inbox-state.ts';

class Directory {
  inboxes = $state.raw<Inbox[]>([]);
  members = $state.raw<Member[]>([]);
  teams = $state.raw<Team[]>([]);
  labels = $state.raw<Label[]>([]);
  flows = $state.raw<Flow[]>([]);
  isLoaded = $state(false);
  failure = $state<string | null>(null);

  readonly needsAttention: Inbox[] = $derived(this.inboxes.filter(isUnwell));

  async load(): Promise<void> {
    await Promise.all([
      this.loadInboxes(),
      this.loadMembers(),
      this.loadTeams(),
      this.loadLabels(),
      this.loadFlows(),
    ]);
    this.isLoaded = true;
  }
  loadInboxes(): Promise<void> {
    return this.#keep(async () => (this.inboxes = (await api.inboxes()).items));
  }
  loadMembers(): Promise<void> {
    return this.#keep(async () => (this.members = (await api.members()).items));
  }
  loadTeams(): Promise<void> {
    return this.#keep(async () => (this.teams = (await api.teams()).items));
  }
  loadLabels(): Promise<void> {
    return this.#keep(async () => (this.labels = (await api.labels()).items));
  }
  loadFlows(): Promise<void> {
    return this.#keep(async () => (this.flows = (await api.flows()).items));
  }
  /** Old names stay if a refresh fails. */
  async #keep(load: () => Promise<unknown>): Promise<void> {
    try {
      await load();
      this.failure = null;
    } catch (error) {
      this.failure = messageOf(error);
    }
  }

  inbox(id: string | null | undefined): Inbox | undefined {
    return this.inboxes.find((inbox) => inbox.id === id);
  }
  /** Assignees are users. */
  member(userId: string | null | undefined): Member | undefined {
    return this.members.find((member) => member.userId === userId);
  }
  team(id: string | null | undefined): Team | undefined {
    return this.teams.find((team) => team.id === id);
  }
  flow(id: string | null | undefined): Flow | undefined {
    return this.flows.find((flow) => flow.id === id);
  }
  labelColor(name: string): string {
    return this.labels.find((label) => label.name === name)?.color ?? 'neutral';
  }
}

export const directory = new Directory();
