/** Kept histories: one file per kind of workflow life (protobuf), sealed with a key that is only for them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import proto, { type temporal as protocol } from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
export type History = protocol.api.history.v1.IHistory;

/** Opens nothing but the files beside this one. */
export const historiesKey = Buffer.alloc(32, 'histories').toString('base64');
const folder = path.join(import.meta.dirname, 'histories');

export function keepHistory(name: string, history: History): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.pb`), History.encode(history).finish());
}

export function keptHistories(): { name: string; history: History }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.pb'))
    .map((file) => ({
      name: path.basename(file, '.pb'),
      history: History.decode(readFileSync(path.join(folder, file))),
    }));
}
