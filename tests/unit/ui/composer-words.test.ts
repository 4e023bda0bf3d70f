import { describe, expect, it } from 'vitest';
import { definitions } from '#channels/definitions.ts';
import {
  acceptOf,
  carriedAs,
  carriedKinds,
  carriedWords,
} from '../../../studio-ui/src/features/conversations/carried-media.ts';
import {
  callWords,
  templateValues,
  unsupportedWords,
} from '../../../studio-ui/src/features/conversations/part-words.ts';
import { reactionGroups } from '../../../studio-ui/src/features/conversations/reaction-groups.ts';
import { measureText } from '../../../studio-ui/src/features/conversations/text-measure.ts';

describe('the measure of a text', () => {
  const measure = (type: keyof typeof definitions, text: string) =>
    measureText(text, definitions[type].capabilities);

  it('is silent until it matters', () => {
    expect(measure('whatsapp', 'Hello')).toEqual({ words: null, isOver: false });
    expect(measure('whatsapp', 'x'.repeat(4000)).words).toMatch(/^4.?000 \/ 4.?096$/);
    expect(measure('whatsapp', 'x'.repeat(4097))).toEqual({ words: 'goes out as 2 messages', isOver: true });
  });
  it('counts bytes where the channel does', () => {
    expect(measure('instagram_dm', 'é'.repeat(450)).words).toMatch(/^900 \/ 1.?000 bytes$/);
    expect(measure('instagram_dm', 'é'.repeat(501)).words).toBe('goes out as 2 messages');
  });
  it('counts segments where the carrier bills by them', () => {
    expect(measure('sms', 'Hello').words).toBe('1 segment, 155 left');
    expect(measure('sms', 'x'.repeat(161))).toEqual({ words: '2 segments, 145 left', isOver: true });
    expect(measure('sms', 'Привет').words).toBe('1 segment, Unicode, 64 left');
    expect(measure('sms', '')).toEqual({ words: null, isOver: false });
  });
});

describe('which files a channel carries', () => {
  const kindsOf = (type: keyof typeof definitions) => carriedKinds(definitions[type].capabilities);

  it('is asked of the picker and said in words', () => {
    expect(acceptOf(kindsOf('whatsapp'))).toBeUndefined();
    expect(acceptOf(kindsOf('line'))).toBe('image/*,audio/*,video/*');
    expect(carriedWords('LINE', definitions.line.capabilities)).toBe(
      'LINE carries pictures, audio and video.',
    );
    expect(carriedWords('Facebook page', definitions.facebook_page.capabilities)).toBe(
      'Facebook page carries pictures.',
    );
    expect(carriedWords('Instagram Posts', definitions.instagram_posts.capabilities)).toBe(
      'Instagram Posts carries text only.',
    );
  });
  it('sends a file as what it is, else as a plain file, else not', () => {
    expect(carriedAs('image', ['image'])).toBe('image');
    expect(carriedAs('video', ['image', 'file'])).toBe('file');
    expect(carriedAs('file', ['image', 'audio', 'video'])).toBeNull();
  });
});

describe('parts that are named', () => {
  it('calls them as the provider does, made readable', () => {
    expect(unsupportedWords('story_mention')).toBe('A story mention.');
    expect(unsupportedWords('unsupported message')).toBe('An unsupported message.');
    expect(unsupportedWords('')).toBe('Something that this channel calls by no name.');
    expect(callWords('missed')).toBe('Call: missed');
    expect(callWords('missed_call')).toBe('Missed call');
  });
  it('lists the values of a template', () => {
    expect(templateValues(['Ada', 4711])).toEqual(['Ada', '4711']);
    expect(templateValues({ body: ['x'], header: 'y' })).toEqual(['x']);
    expect(templateValues({ components: [] })).toEqual([]);
    expect(templateValues(undefined)).toEqual([]);
  });
  it('shows each emoji once with everybody who chose it', () => {
    expect(
      reactionGroups([
        { emoji: '👍', by: 'Ada' },
        { emoji: '❤️', by: 'Ben' },
        { emoji: '👍', by: 'Cy' },
      ]),
    ).toEqual([
      { emoji: '👍', by: ['Ada', 'Cy'] },
      { emoji: '❤️', by: ['Ben'] },
    ]);
  });
});
