/**
 * Webhook bodies by Meta's own documentation, typed apart from the adapters' `wire.ts`: so that double and adapter can't share one
 * mistake.
 */
export interface WebhookBody {
  object: 'page' | 'instagram' | 'whatsapp_business_account';
  entry: WebhookEntry[];
}
export interface WebhookEntry {
  id: string;
  time: number;
  messaging?: Messaging[];
  changes?: Change[];
}
export type WebhookItem = { messaging: Messaging } | { change: Change };

export interface Attachment {
  type: 'image' | 'audio' | 'video' | 'file' | 'location' | 'fallback';
  payload: { url?: string; sticker_id?: number; coordinates?: { lat: number; long: number }; title?: string };
}
export interface DirectMessage {
  mid: string;
  text?: string;
  attachments?: Attachment[];
  quick_reply?: { payload: string };
  reply_to?: { mid: string };
  is_echo?: true;
  app_id?: number;
  metadata?: string;
  is_deleted?: true;
}
export interface Messaging {
  sender: { id: string };
  recipient: { id: string };
  timestamp: number;
  message?: DirectMessage;
  message_edit?: { mid: string; text: string; num_edit: number };
  postback?: { mid: string; title: string; payload: string };
  reaction?: { mid: string; action: 'react' | 'unreact'; reaction?: string; emoji?: string };
  delivery?: { mids: string[]; watermark: number };
  read?: { watermark: number } | { mid: string };
}

export type Change =
  | { field: 'feed'; value: FeedValue }
  | { field: 'comments'; value: InstagramComment }
  | { field: 'messages'; value: WhatsAppValue }
  | { field: 'smb_message_echoes'; value: WhatsAppEchoes };

export interface FeedValue {
  item: 'comment' | 'status';
  verb: 'add' | 'edited' | 'remove' | 'hide' | 'unhide';
  from?: { id: string; name: string };
  post_id: string;
  comment_id?: string;
  parent_id?: string;
  /** Seconds. */
  created_time: number;
  message?: string;
  photo?: string;
  post?: {
    id: string;
    permalink_url: string;
    status_type: string;
    updated_time: string;
    is_published: boolean;
  };
}
export interface InstagramComment {
  id: string;
  text: string;
  from: { id: string; username: string; self_ig_scoped_id?: string };
  media: { id: string; media_product_type: 'FEED' | 'REELS' };
  parent_id?: string;
}

export interface WhatsAppValue {
  messaging_product: 'whatsapp';
  metadata: { display_phone_number: string; phone_number_id: string };
  contacts?: { profile: { name: string; username?: string }; wa_id?: string; user_id: string }[];
  messages?: WhatsAppMessage[];
  statuses?: WhatsAppStatus[];
}
interface WhatsAppMedia {
  id: string;
  mime_type: string;
  sha256: string;
  caption?: string;
  filename?: string;
  voice?: boolean;
  animated?: boolean;
}
export interface WhatsAppMessage {
  id: string;
  from?: string;
  from_user_id: string;
  /** Seconds, as text. */
  timestamp: string;
  type: string;
  context?: { from?: string; id: string };
  text?: { body: string };
  image?: WhatsAppMedia;
  audio?: WhatsAppMedia;
  video?: WhatsAppMedia;
  document?: WhatsAppMedia;
  sticker?: WhatsAppMedia;
  location?: { latitude: number; longitude: number; name?: string };
  contacts?: {
    name: { formatted_name: string; first_name: string };
    phones: { phone: string; type: string; wa_id?: string }[];
  }[];
  interactive?:
    | { type: 'button_reply'; button_reply: { id: string; title: string } }
    | { type: 'list_reply'; list_reply: { id: string; title: string; description?: string } };
  reaction?: { message_id: string; emoji?: string };
}
export interface WhatsAppStatus {
  id: string;
  status: 'sent' | 'delivered' | 'read' | 'failed';
  timestamp: string;
  recipient_id?: string;
  recipient_user_id?: string;
  pricing?: { billable: boolean; pricing_model: 'PMP'; category: string; type: string };
  biz_opaque_callback_data?: string;
  errors?: { code: number; title: string; message: string; error_data: { details: string }; href: string }[];
}
export interface WhatsAppEchoes {
  messaging_product: 'whatsapp';
  metadata: { display_phone_number: string; phone_number_id: string };
  message_echoes: {
    from: string;
    to: string;
    id: string;
    timestamp: string;
    type: string;
    text?: { body: string };
  }[];
}
