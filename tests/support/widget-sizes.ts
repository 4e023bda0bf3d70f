/** What the widget costs a visitor, measured from the built files: bytes after gzip, the same on every machine. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const built = path.join(import.meta.dirname, '../../studio-ui/dist-widget');

/** Promised in the README; bytes. */
export const WIDGET_BUDGETS = { beforeOpening: 30_000, frame: 65_000 } as const;

export interface WidgetSizes {
  /** The script with its styles, and the largest language of the launcher. */
  beforeOpening: number;
  /** The chat's scripts and styles, and its largest language. */
  frame: number;
}

interface Entry {
  file: string;
  css?: string[];
  imports?: string[];
  dynamicImports?: string[];
}

/** @throws Error if the widget isn't built */
export function widgetSizes(): WidgetSizes {
  const manifest = JSON.parse(readFileSync(path.join(built, '.vite/manifest.json'), 'utf8')) as Record<
    string,
    Entry
  >;
  const weigh = (file: string): number => gzipSync(readFileSync(path.join(built, file)), { level: 9 }).length;
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
  /** An entry with all it imports at once. */
  const filesOf = (key: string, known = new Set<string>()): Set<string> => {
    const entry = manifest[key];
    if (!entry || known.has(entry.file)) return known;
    for (const file of [entry.file, ...(entry.css ?? [])]) known.add(file);
    for (const imported of entry.imports ?? []) filesOf(imported, known);
    return known;
  };
  const frame = filesOf('frame/main.ts');
  const languages = (manifest['frame/main.ts']?.dynamicImports ?? []).map((key) =>
    sum([...filesOf(key)].filter((file) => !frame.has(file)).map(weigh)),
  );
  const launcherLanguages = readdirSync(built).filter((file) => /^launcher-\w+\.json$/.test(file));
  if (languages.length === 0 || launcherLanguages.length === 0)
    throw new Error('The build has no languages.');
  return {
    beforeOpening: weigh('widget.js') + Math.max(...launcherLanguages.map(weigh)),
    frame: sum([...frame].map(weigh)) + Math.max(...languages),
  };
}
