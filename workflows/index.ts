/** What the worker registers. */
export { flowRun } from './flow-run.ts';
export { inboundMessage } from './inbound-message.ts';
export { mailSubscription } from './mail-subscription.ts';
export { outboundMessage } from './outbound.ts';
