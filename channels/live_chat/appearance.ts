/** How the widget looks and which language it speaks: the part of the settings that concerns no behaviour. Browser-safe. */
import { z } from 'zod';
import type { JsonObject } from '#domain/json.ts';

/** The widget's languages, each named in itself. */
export const WIDGET_LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  pt: 'Português',
  it: 'Italiano',
  nl: 'Nederlands',
  pl: 'Polski',
  ar: 'العربية',
  ja: '日本語',
} as const;
export type WidgetLanguage = keyof typeof WIDGET_LANGUAGES;
const languageCodes = Object.keys(WIDGET_LANGUAGES) as WidgetLanguage[];

export interface WidgetAppearance extends JsonObject {
  title: string;
  greeting: string;
  accentColor: string;
  theme: 'auto' | 'light' | 'dark';
  /** `auto`: the page's language, else the browser's. */
  language: 'auto' | WidgetLanguage;
  /** A small picture as a data: address; '' shows the title's first letter. */
  headerImage: string;
  /** First names, shown as discs while nobody has answered yet. */
  team: string[];
  position: 'left' | 'right';
  /** Distance from the window's side and bottom, px. */
  offsetX: number;
  offsetY: number;
  launcherSize: 'small' | 'medium' | 'large';
  /** Words instead of the icon; '' shows the icon. */
  launcherLabel: string;
  hideOnMobile: boolean;
  zIndex: number;
  /** Shows the newest unread message beside the launcher. */
  messagePreview: boolean;
  /** Counts unread messages in the page's title. */
  unreadInTitle: boolean;
}

const offset = z.int().min(0).max(400).default(20);

/** Keys of the settings' schema; each has a default, so that an inbox from before a key has a look. */
export const appearanceFields = {
  title: z
    .string()
    .trim()
    .min(1)
    .max(60)
    .default('Chat with us')
    .meta({ title: 'Title', description: 'The heading of the chat window.' }),
  greeting: z
    .string()
    .trim()
    .max(500)
    .default('Hi! How can we help?')
    .meta({ title: 'Greeting', description: 'Shown before a visitor writes.' }),
  accentColor: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'A colour is written like #4f46e5.')
    .default('#4f46e5')
    .meta({
      title: 'Colour',
      format: 'color',
      description: 'What stands on it becomes white or black, whichever can be read.',
    }),
  theme: z
    .enum(['auto', 'light', 'dark'])
    .default('auto')
    .meta({ title: 'Theme', options: { auto: 'As the visitor’s device', light: 'Light', dark: 'Dark' } }),
  language: z
    .enum(['auto', ...languageCodes])
    .default('auto')
    .meta({ title: 'Language', options: { auto: 'As the page', ...WIDGET_LANGUAGES } }),
  headerImage: z
    .string()
    .max(40_000, 'This picture is too large; 96 × 96 pixels are enough.')
    .regex(
      /^(data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2})?$/,
      'Choose a PNG, JPEG or WebP picture.',
    )
    .default('')
    .meta({ title: 'Picture' }),
  team: z
    .array(z.string().trim().min(1).max(40))
    .max(4, 'Up to four names fit.')
    .default([])
    .meta({ title: 'Who answers', description: 'Up to four first names, one per line.' }),
  position: z
    .enum(['left', 'right'])
    .default('right')
    .meta({ title: 'Corner', options: { left: 'Left', right: 'Right' } }),
  offsetX: offset.meta({ title: 'From the side, px' }),
  offsetY: offset.meta({ title: 'From the bottom, px' }),
  launcherSize: z
    .enum(['small', 'medium', 'large'])
    .default('medium')
    .meta({ title: 'Button size', options: { small: 'Small', medium: 'Medium', large: 'Large' } }),
  launcherLabel: z
    .string()
    .trim()
    .max(30)
    .default('')
    .meta({ title: 'Words on the button', description: 'Empty shows the icon alone.' }),
  hideOnMobile: z
    .boolean()
    .default(false)
    .meta({ title: 'Hide the button on phones', description: 'Your own links can still open the chat.' }),
  zIndex: z
    .int()
    .min(1)
    .max(2_147_483_647)
    .default(2_147_483_000)
    .meta({ title: 'Layer (z-index)', description: 'Lower it where the chat covers something of yours.' }),
  messagePreview: z.boolean().default(true).meta({ title: 'Show new messages beside the button' }),
  unreadInTitle: z.boolean().default(false).meta({ title: 'Count unread messages in the page’s title' }),
};
