/** One mail's original, fetched when somebody asks for it. Remote pictures stay away until they are asked for too. */
import { messageOf } from '../../../lib/api/client.ts';
import { api } from '../../../lib/api/endpoints.ts';
import type { EmailOriginal } from '../../../lib/api/types.ts';
import { showsImagesOf } from './trusted-senders.ts';

export class EmailSource {
  data = $state.raw<EmailOriginal | null>(null);
  failure = $state<string | null>(null);
  isLoading = $state(false);
  hasImages = $state(false);
  readonly #messageId: string;

  constructor(messageId: string) {
    this.#messageId = messageId;
  }

  /** `sender`: whose pictures may be shown at once, where the agent said so before. */
  async open(sender: string | null): Promise<void> {
    if (this.data || this.isLoading) return;
    await this.#load(sender !== null && showsImagesOf(sender));
  }
  showImages(): Promise<void> {
    return this.#load(true);
  }

  async #load(withImages: boolean): Promise<void> {
    this.isLoading = true;
    this.failure = null;
    try {
      this.data = await api.emailOriginal(this.#messageId, withImages);
      this.hasImages = withImages;
    } catch (error) {
      this.failure = messageOf(error);
    }
    this.isLoading = false;
  }
}
