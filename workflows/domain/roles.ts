/** Roles of a workspace member, and what each may do. One table, tested route by route. */
export const ROLES = ['admin', 'builder', 'operator', 'agent'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  'inboxes:read',
  'inboxes:write',
  'conversations:read',
  'conversations:write',
  'customers:read',
  'customers:write',
  'flows:read',
  'flows:write',
  'runs:read',
  'runs:write',
  'members:read',
  'members:write',
  'settings:write',
  'audit:read',
  'codec:decode',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const everyone: Permission[] = ['inboxes:read', 'members:read'];
const table: Record<Role, readonly Permission[]> = {
  admin: PERMISSIONS,
  builder: [...everyone, 'flows:read', 'flows:write', 'runs:read', 'conversations:read', 'customers:read'],
  operator: [
    ...everyone,
    'flows:read',
    'runs:read',
    'runs:write',
    'conversations:read',
    'customers:read',
    'codec:decode',
  ],
  agent: [
    ...everyone,
    'conversations:read',
    'conversations:write',
    'customers:read',
    'customers:write',
    'flows:read',
    'runs:read',
  ],
};

export function allows(role: Role, permission: Permission): boolean {
  return table[role].includes(permission);
}
/** The roles that may do this; for "ask an admin" hints. */
export function rolesAllowed(permission: Permission): Role[] {
  return ROLES.filter((role) => allows(role, permission));
}
