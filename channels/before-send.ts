import { ChannelError } from './contract.ts';

/** What a send needs before it calls anybody: when that fails, nothing has left. @throws ChannelError not_sent, or the adapter's own */
export async function beforeSend<T>(what: string, preparing: Promise<T>): Promise<T> {
  return await preparing.catch((cause: unknown) => {
    if (cause instanceof ChannelError) throw cause;
    throw new ChannelError('not_sent', `${what} could not be opened; nothing was sent.`, { cause });
  });
}
