import type { MediaKind } from '#domain/message.ts';
import type { InboundPart } from '../contract.ts';
import { mimeTypeOfName } from '../media-kind.ts';
import type { Story } from './wire.ts';

/** The comment or post itself, which says where it stands, then its pictures. */
export function partsOf(story: Story): InboundPart[] {
  const { message, comment_id: commentId, post_id: postId, link, photo, photos = [], video } = story;
  const permalink = story.permalink_url || story.post?.permalink_url;
  const pictures = [photo, ...photos].filter((url) => typeof url === 'string').filter(Boolean);
  const hasMedia = pictures.length > 0 || Boolean(video);
  // A post of a picture names the picture's page as its link; a comment of nothing but a link is that link.
  const text = message || (hasMedia ? '' : (link ?? ''));
  return [
    {
      kind: 'comment',
      text,
      ...(commentId === undefined ? {} : { commentId }),
      ...(postId === undefined ? {} : { postId }),
      ...(permalink ? { permalink } : {}),
    },
    ...[...new Set(pictures)].map((url) => media('image', url, 'image/jpeg')),
    ...(video ? [media('video', video, 'video/mp4')] : []),
  ];
}

function media(kind: MediaKind, url: string, fallback: string): InboundPart {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  return { kind, source: { url }, mimeType: mimeTypeOfName(path) ?? fallback };
}
