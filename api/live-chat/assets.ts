/** The widget's built files, read once and kept in memory. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ApiError } from '../middleware/errors.ts';

export interface Asset {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string;
  etag: string;
}
export interface WidgetAssets {
  /** @returns null if the build has no such file */
  file(name: string): Promise<Asset | null>;
  /** The names of the frame's script and style sheets. @throws ApiError 503 if the widget isn't built */
  frame(): Promise<{ script: string; styles: string[] }>;
}

interface ManifestEntry {
  file: string;
  css?: string[];
}

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  // Declarations for people and editors: a browser that shows them is right.
  '.ts': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** @param folder where the widget was built to (studio-ui/dist-widget) */
export function createWidgetAssets(folder: string): WidgetAssets {
  const files = new Map<string, Asset>();
  let frame: { script: string; styles: string[] } | undefined;
  return {
    async file(name) {
      const contentType = contentTypes[path.extname(name)];
      if (contentType === undefined || !/^[\w-]+(\.[\w-]+)+$/.test(name)) return null;
      const known = files.get(name);
      if (known) return known;
      const bytes = await readIfThere(path.join(folder, name));
      if (!bytes) return null;
      const asset = {
        bytes,
        contentType,
        etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      };
      files.set(name, asset);
      return asset;
    },
    async frame() {
      if (frame) return frame;
      const manifest = await readIfThere(path.join(folder, '.vite', 'manifest.json'));
      if (!manifest) throw widgetNotBuilt();
      const entries = JSON.parse(Buffer.from(manifest).toString()) as Record<string, ManifestEntry>;
      const entry = entries['frame/main.ts'];
      if (!entry) throw widgetNotBuilt();
      frame = { script: entry.file, styles: entry.css ?? [] };
      return frame;
    },
  };
}

export function widgetNotBuilt(): ApiError {
  return new ApiError(
    503,
    'widget_not_built',
    'The chat widget is not built. `npm start` builds it; the log says why it couldn’t.',
  );
}

async function readIfThere(file: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return Uint8Array.from(await readFile(file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
