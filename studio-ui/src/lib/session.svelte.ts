/** Who is signed in, in which workspace, and what they may do. */
import { allows, rolesAllowed, type Permission } from '#domain/roles.ts';
import { ApiFailure, whenUnauthorized } from './api/client.ts';
import { api } from './api/endpoints.ts';
import type { Me } from './api/types.ts';
import { keepText, readText } from './browser-storage.ts';
import { router } from './router.svelte.ts';

class Session {
  me = $state.raw<Me | null>(null);
  state = $state<'loading' | 'signed-out' | 'signed-in' | 'unreachable'>('loading');
  failure = $state.raw<ApiFailure | null>(null);

  async load(): Promise<void> {
    try {
      // A browser that never signed in asks in a way that isn't refused: a 401 would stand in its console as an error.
      if (!remembered.get() && !(await api.hasSession())) {
        this.state = 'signed-out';
        return;
      }
      const me = await api.me();
      remembered.set(true);
      this.me = me;
      router.slug = me.workspace.slug;
      this.state = 'signed-in';
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.failure = error;
      const isOut = error.status === 401 || error.status === 403;
      if (isOut) remembered.set(false);
      this.state = isOut ? 'signed-out' : 'unreachable';
    }
  }
  /** @throws ApiFailure when e-mail and password don't match. */
  async signIn(email: string, password: string): Promise<void> {
    await api.signIn(email, password);
    await this.load();
  }
  async signOut(): Promise<void> {
    await api.signOut();
    remembered.set(false);
    // A full load drops everything that was fetched for this person.
    location.assign('/sign-in');
  }
  can(permission: Permission | null): boolean {
    return permission === null || (this.me !== null && allows(this.me.role, permission));
  }
  listen(): void {
    whenUnauthorized(() => {
      if (this.state === 'signed-in') this.state = 'signed-out';
    });
  }
}

/** "Only admins can do this." / "Only admins and agents can reply." */
export function whoCan(permission: Permission, what = 'do this'): string {
  const roles = rolesAllowed(permission).map((role) => `${role}s`);
  const last = roles.pop() ?? 'admins';
  return `Only ${roles.length === 0 ? last : `${roles.join(', ')} and ${last}`} can ${what}.`;
}

/** Whether this browser was signed in when it last looked. Only a hint. */
const remembered = {
  get: (): boolean => readText('teloring.signed-in') === 'yes',
  set: (isIn: boolean): void => keepText('teloring.signed-in', isIn ? 'yes' : null),
};

export const session = new Session();
