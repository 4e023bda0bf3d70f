/**
 * Marks of the channels. Brand glyphs come from simple-icons (CC0; the marks stay their owners', shown unaltered to name the channel);
 * a channel without one brand has a neutral glyph.
 */
import CodeXml from '@lucide/svelte/icons/code-xml';
import Mail from '@lucide/svelte/icons/mail';
import MessageCircleMore from '@lucide/svelte/icons/message-circle-more';
import Phone from '@lucide/svelte/icons/phone';
import Smartphone from '@lucide/svelte/icons/smartphone';
import { siFacebook, siInstagram, siLine, siMessenger, siTelegram, siTiktok, siWhatsapp } from 'simple-icons';
import type { ChannelType } from '#domain/channel.ts';
import type { Icon } from './icons.ts';

export type Glyph =
  { kind: 'brand'; path: string; color: string } | { kind: 'neutral'; icon: Icon; color: string };

const brand = (mark: { path: string; hex: string }): Glyph => ({
  kind: 'brand',
  path: mark.path,
  color: `#${mark.hex}`,
});
const neutral = (icon: Icon, color: string): Glyph => ({ kind: 'neutral', icon, color });

export const GLYPHS: Record<ChannelType, Glyph> = {
  whatsapp: brand(siWhatsapp),
  email: neutral(Mail, '#5b6472'),
  sms: neutral(Smartphone, '#0f8a6d'),
  messenger: brand(siMessenger),
  facebook_page: brand(siFacebook),
  instagram_dm: brand(siInstagram),
  instagram_posts: brand(siInstagram),
  telegram: brand(siTelegram),
  line: brand(siLine),
  live_chat: neutral(MessageCircleMore, '#5f56e8'),
  voice: neutral(Phone, '#b4561f'),
  api: neutral(CodeXml, '#3f4a5a'),
  tiktok: brand(siTiktok),
};
