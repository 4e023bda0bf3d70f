/** Files on their way up, each with its own state; a failed one can be tried again without losing the text. */
import type { MediaKind, Part } from '#domain/message.ts';
import { messageOf } from '../../lib/api/client.ts';
import { api } from '../../lib/api/endpoints.ts';
import { carriedAs } from './carried-media.ts';

export interface Attachment {
  id: number;
  file: File;
  /** `refused`: the channel has no such files, so trying again changes nothing. */
  state: 'uploading' | 'ready' | 'failed' | 'refused';
  part?: Part;
  reason?: string;
}
/** What the channel carries, and the sentence for a file that it doesn't. */
export interface Carried {
  kinds: readonly MediaKind[];
  words: string;
}

export class Attachments {
  items = $state.raw<Attachment[]>([]);
  readonly #carried: () => Carried;
  #nextId = 1;
  readonly isUploading: boolean = $derived(this.items.some((item) => item.state === 'uploading'));
  readonly parts: Part[] = $derived(this.items.flatMap((item) => (item.part ? [item.part] : [])));

  constructor(carried: () => Carried) {
    this.#carried = carried;
  }
  add(files: Iterable<File>): void {
    for (const file of files) {
      const { kinds, words } = this.#carried();
      const isCarried = file.type === '' || carriedAs(mediaKindOf(file.type), kinds) !== null;
      const item: Attachment = isCarried
        ? { id: this.#nextId++, file, state: 'uploading' }
        : { id: this.#nextId++, file, state: 'refused', reason: words };
      this.items = [...this.items, item];
      if (isCarried) void this.#upload(item);
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
      const { kinds, words } = this.#carried();
      // The bytes decide what it is, whatever the browser called it.
      const kind = carriedAs(mediaKindOf(media.mimeType), kinds);
      if (kind === null) return this.#set(item.id, { state: 'refused', reason: words });
      const part: Part = {
        kind,
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
