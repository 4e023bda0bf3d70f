import type { ConnectContext } from '#channels/contract.ts';

/** No other inbox shares the account. */
export const alone: ConnectContext = { siblings: async () => [] };
