/** The deployment's apps at the providers: the configured ones for real inboxes, made-up ones for the sandbox's. */
import type { ProviderApp, ProviderAppName, ProviderApps } from '#domain/channel.ts';
import type { Keyring } from '#db/keyring.ts';
import type { Config } from './config.ts';
import { sandboxApps } from './sandbox-apps.ts';

type AppConfig = Pick<Config, 'metaApp' | 'instagramApp' | 'tiktokApp' | 'microsoftApp' | 'sandbox'>;

/** What an inbox's adapter gets. A sandbox inbox never sees a real app's secret, nor a real inbox the sandbox's. */
export function appsOf(deps: { config: AppConfig; keyring: Keyring }, sandbox: boolean): ProviderApps {
  if (!sandbox) return configuredApps(deps.config);
  return deps.config.sandbox ? sandboxApps(deps.keyring) : {};
}

/** Every app that may sign a webhook here. */
export function everyApp(deps: { config: AppConfig; keyring: Keyring }): ProviderApp[] {
  return [...Object.values(appsOf(deps, false)), ...Object.values(appsOf(deps, true))];
}

function configuredApps(config: AppConfig): ProviderApps {
  const { metaApp, instagramApp, tiktokApp, microsoftApp } = config;
  // The handshake's token is one for both of Meta's apps: they share the endpoint.
  const token = metaApp?.verifyToken ? { verifyToken: metaApp.verifyToken } : {};
  return {
    ...(metaApp && { meta: { ...real('meta', metaApp), ...token } }),
    ...(instagramApp && { instagram: { ...real('instagram', instagramApp), ...token } }),
    ...(tiktokApp && { tiktok: real('tiktok', tiktokApp) }),
    ...(microsoftApp && { microsoft: real('microsoft', microsoftApp) }),
  };
}

function real(provider: ProviderAppName, { id, secret }: { id: string; secret: string }): ProviderApp {
  return { provider, id, secret, sandbox: false };
}
