/** What a language has to say: every key of English. Plurals have the categories that Intl.PluralRules knows for it (tested). */
import type { frame } from './en.ts';
import type { launcher } from './en.launcher.ts';

export type Plurals = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
type Shape<English> = { [Key in keyof English]: English[Key] extends string ? string : Plurals };

export type LauncherWords = Shape<typeof launcher>;
export type FrameWords = Shape<typeof frame>;
