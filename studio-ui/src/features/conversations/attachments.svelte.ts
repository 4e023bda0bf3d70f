/** Files on their way up, each with its own state; a failed one can be tried again without losing the text. */
import { isMedia, type MediaKind, type Part } from '#domain/message.ts';
import { messageOf } from '../../lib/api/client.ts';
import { api } from '../../lib/api/endpoints.ts';
import { carriedAs } from './carried-media.ts';

export interface Attachment {
  id: number;
  name: string;
  sizeBytes: number;
  /** Absent where the bytes are up already. */
  file?: File;
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
  readonly totalBytes: number = $derived(
    this.items.reduce((sum, item) => sum + (item.state === 'refused' ? 0 : item.sizeBytes), 0),
  );
  readonly parts: Part[] = $derived(this.items.flatMap((item) => (item.part ? [item.part] : [])));

  constructor(carried: () => Carried) {
    this.#carried = carried;
  }
  add(files: Iterable<File>): void {
    for (const file of files) {
      const { kinds, words } = this.#carried();
      const isCarried = file.type === '' || carriedAs(mediaKindOf(file.type), kinds) !== null;
      const base = { id: this.#nextId++, name: file.name, sizeBytes: file.size, file };
      const item: Attachment = isCarried
        ? { ...base, state: 'uploading' }
        : { ...base, state: 'refused', reason: words };
      this.items = [...this.items, item];
      if (isCarried) void this.#upload(item.id, file);
    }
  }
  /** Files of a message that came back: their bytes are here. */
  restore(parts: readonly Part[]): void {
    const items = parts.filter(isMedia).map((part): Attachment => ({
      id: this.#nextId++,
      name: part.name ?? part.kind,
      sizeBytes: part.sizeBytes ?? 0,
      state: 'ready',
      part,
    }));
    this.items = [...items, ...this.items];
  }
  retry(item: Attachment): void {
    if (!item.file) return;
    this.#set(item.id, { state: 'uploading' });
    void this.#upload(item.id, item.file);
  }
  remove(item: Attachment): void {
    this.items = this.items.filter((other) => other.id !== item.id);
  }
  clear(): void {
    this.items = [];
  }

  async #upload(id: number, file: File): Promise<void> {
    try {
      const media = await api.upload(file);
      const { kinds, words } = this.#carried();
      // The bytes decide what it is, whatever the browser called it.
      const kind = carriedAs(mediaKindOf(media.mimeType), kinds);
      if (kind === null) return this.#set(id, { state: 'refused', reason: words });
      const part: Part = {
        kind,
        mediaId: media.mediaId,
        url: media.url,
        mimeType: media.mimeType,
        name: media.name ?? file.name,
        sizeBytes: media.sizeBytes ?? file.size,
      };
      this.#set(id, { state: 'ready', part });
    } catch (error) {
      this.#set(id, { state: 'failed', reason: messageOf(error) });
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
