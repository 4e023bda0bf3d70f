import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { readUpdate } from '#channels/telegram/parse.ts';
import { updates } from './updates.ts';

describe('samples are what Telegram’s own types allow, and mean this to us', () => {
  test.each(Object.entries(updates))('%s', async (name, update) => {
    const file = `../../../channels/telegram/samples/${name}.json`;
    const config = await resolveConfig(new URL(file, import.meta.url).pathname);
    await expect(
      await format(JSON.stringify(update, null, 2), { ...config, parser: 'json' }),
    ).toMatchFileSnapshot(file);
    expect(readUpdate(Buffer.from(JSON.stringify(update)))).toMatchSnapshot();
  });
});
