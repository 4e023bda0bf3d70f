/** Our table and column names for the auth library's models: workspaces are its organizations. */
const times = { createdAt: 'created_at', updatedAt: 'updated_at' } as const;

export const columns = {
  user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...times } },
  session: {
    modelName: 'sessions',
    fields: {
      userId: 'user_id',
      expiresAt: 'expires_at',
      ipAddress: 'ip_address',
      userAgent: 'user_agent',
      ...times,
    },
  },
  account: {
    modelName: 'accounts',
    fields: {
      userId: 'user_id',
      accountId: 'account_id',
      providerId: 'provider_id',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
      ...times,
    },
  },
  verification: { modelName: 'verifications', fields: { expiresAt: 'expires_at', ...times } },
  rateLimit: { modelName: 'rate_limits', fields: { lastRequest: 'last_request' } },
  organization: {
    session: { fields: { activeOrganizationId: 'active_workspace_id' } },
    organization: { modelName: 'workspaces', fields: { createdAt: 'created_at' } },
    member: {
      modelName: 'members',
      fields: { organizationId: 'workspace_id', userId: 'user_id', createdAt: 'created_at' },
    },
    invitation: {
      modelName: 'invitations',
      fields: {
        organizationId: 'workspace_id',
        expiresAt: 'expires_at',
        createdAt: 'created_at',
        inviterId: 'inviter_id',
      },
    },
  },
} as const;
