import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { parsePosts } from '#channels/instagram_posts/parse.ts';
import { instagramInbox } from '../instagram/account.ts';
import { webhooks } from './webhooks.ts';

const inbox = instagramInbox('instagram_posts');

describe('samples, and what they mean to us', () => {
  test.each(Object.entries(webhooks))('%s', async (name, webhook) => {
    const file = `../../../channels/instagram_posts/samples/${name}.json`;
    const config = await resolveConfig(new URL(file, import.meta.url).pathname);
    await expect(
      await format(JSON.stringify(webhook, null, 2), { ...config, parser: 'json' }),
    ).toMatchFileSnapshot(file);
    expect(parsePosts(inbox, Buffer.from(JSON.stringify(webhook)))).toMatchSnapshot();
  });
});
