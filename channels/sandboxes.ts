/** Every provider's double; mounted below `/sandbox` where the sandbox is on (api/routes/sandbox.ts). */
import { createMicrosoftSandbox } from './email/microsoft/sandbox.ts';
import { createLineSandbox } from './line/sandbox.ts';
import { createMetaSandbox } from './meta/sandbox.ts';
import type { ProviderSandbox, SandboxDeps } from './sandbox-contract.ts';
import { createTwilioSandbox } from './sms/sandbox.ts';
import { createTelegramSandbox } from './telegram/sandbox.ts';
import { createTikTokSandbox } from './tiktok/sandbox.ts';

export function createSandboxes(deps: SandboxDeps): ProviderSandbox[] {
  return [
    createLineSandbox(deps),
    createTelegramSandbox(deps),
    createMetaSandbox(deps),
    createTwilioSandbox(deps),
    createTikTokSandbox(deps),
    createMicrosoftSandbox(deps),
  ];
}
