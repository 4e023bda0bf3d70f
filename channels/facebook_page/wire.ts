/** What we read of a page's events, loosely: a field that is odd or new never costs the rest. */
import { z } from 'zod';
import { id, optionalId, optionalText, optionalTime } from '../meta/wire.ts';

const person = z.looseObject({ id, name: optionalText }).optional().catch(undefined);

/** `feed`, `mention` and `group_feed` tell of posts and comments in one shape. */
export const story = z.looseObject({
  item: optionalText,
  verb: optionalText,
  from: person,
  /** Older shapes name the writer so. */
  sender_id: optionalId,
  sender_name: optionalText,
  post_id: optionalId,
  comment_id: optionalId,
  parent_id: optionalId,
  group_id: optionalId,
  message: optionalText,
  created_time: optionalTime,
  photo: optionalText,
  photos: z.array(z.unknown()).optional().catch(undefined),
  video: optionalText,
  link: optionalText,
  permalink_url: optionalText,
  post: z.looseObject({ permalink_url: optionalText }).optional().catch(undefined),
});
export type Story = z.infer<typeof story>;

// Answers ------------------------------------------------------------------------------------------------------------
export const commentState = z.looseObject({
  is_hidden: z.boolean().optional().catch(undefined),
  user_likes: z.boolean().optional().catch(undefined),
});
