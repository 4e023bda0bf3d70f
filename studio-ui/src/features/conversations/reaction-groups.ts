/** Reactions as they are shown: each emoji once, with everybody who chose it. Pure. */
export interface ReactionGroup {
  emoji: string;
  by: string[];
}

export function reactionGroups(reactions: readonly { emoji: string; by: string }[]): ReactionGroup[] {
  const groups = new Map<string, string[]>();
  for (const { emoji, by } of reactions) groups.set(emoji, [...(groups.get(emoji) ?? []), by]);
  return [...groups].map(([emoji, by]) => ({ emoji, by }));
}
