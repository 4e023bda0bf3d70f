/** Who is signed in, in which workspace, and what they may do. */
import { allows, rolesAllowed, type Permission } from '#domain/roles.ts';
import { ApiFailure, whenUnauthorized } from './api/client.ts';
import { api } from './api/endpoints.ts';
import type { Me } from './api/types.ts';
import { router } from './router.svelte.ts';

class Session {
  me = $state.raw<Me | null>(null);
  state = $state<'loading' | 'signed-out' | 'signed-in' | 'unreachable'>('loading');
  failure = $state.raw<ApiFailure | null>(null);

  async load(): Promise<void> {
    try {
      const me = await api.me();
      this.me = me;
      router.slug = me.workspace.slug;
      this.state = 'signed-in';
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.failure = error;
      this.state = error.status === 401 || error.status === 403 ? 'signed-out' : 'unreachable';
    }
  }
  /** @throws ApiFailure when e-mail and password don't match. */
  async signIn(email: string, password: string): Promise<void> {
    await api.signIn(email, password);
    await this.load();
  }
  async signOut(): Promise<void> {
    await api.signOut();
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

/** "Only admins can do this." / "Only admins and agents can do this." */
export function whoCan(permission: Permission): string {
  const roles = rolesAllowed(permission).map((role) => `${role}s`);
  const last = roles.pop() ?? 'admins';
  return `Only ${roles.length === 0 ? last : `${roles.join(', ')} and ${last}`} can do this.`;
}

export const session = new Session();
