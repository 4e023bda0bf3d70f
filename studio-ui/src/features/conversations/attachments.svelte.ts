/** Files on their way up, each with its own state; a failed one can be tried again without losing the text. */
import type { MediaKind, Part } from '#domain/message.ts';
import { messageOf } from '../../lib/api/client.ts';
import { api } from '../../lib/api/endpoints.ts';

export interface Attachment {
  id: number;
  file: File;
  state: 'uploading' | 'ready' | 'failed';
  part?: Part;
  reason?: string;
}

export class Attachments {
  items = $state.raw<Attachment[]>([]);
  #nextId = 1;
  readonly isUploading: boolean = $derived(this.items.some((item) => item.state === 'uploading'));
  readonly parts: Part[] = $derived(this.items.flatMap((item) => (item.part ? [item.part] : [])));

  add(files: Iterable<File>): void {
    for (const file of files) {
      const item: Attachment = { id: this.#nextId++, file, state: 'uploading' };
      this.items = [...this.items, item];
      void this.#upload(item);
    }
  }
  retry(item: Attachment): void {
    this.#set(item.id, { state: 'uploading' });
    void this.#upload(item);
  }
  remove(item: Attachment): void {
    this.items = this.items.filter((other) => other.id !== item.id);
  }
  clear(): void {
    this.items = [];
  }

  async #upload(item: Attachment): Promise<void> {
    try {
      const media = await api.upload(item.file);
      const part: Part = {
        kind: mediaKindOf(media.mimeType),
        mediaId: media.mediaId,
        url: media.url,
        mimeType: media.mimeType,
        name: media.name ?? item.file.name,
        sizeBytes: media.sizeBytes ?? item.file.size,
      };
      this.#set(item.id, { state: 'ready', part });
    } catch (error) {
      this.#set(item.id, { state: 'failed', reason: messageOf(error) });
    }
  }
  #set(id: number, change: Partial<Attachment>): void {
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...change } : item));
  }
}

export function mediaKindOf(mimeType: string): MediaKind {
  const family = mimeType.split('/')[0];
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}
