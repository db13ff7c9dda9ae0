/** The few emoji the agent and the demo use; every other name is shown as it is written. */
const EMOJI: Readonly<Record<string, string>> = {
  '+1': '👍',
  '-1': '👎',
  bell: '🔔',
  bellhop_bell: '🛎️',
  bar_chart: '📊',
  eyes: '👀',
  heart: '❤️',
  hourglass: '⌛',
  hourglass_flowing_sand: '⏳',
  key: '🔑',
  lock: '🔒',
  mag: '🔍',
  no_entry: '⛔',
  octagonal_sign: '🛑',
  paperclip: '📎',
  raised_hands: '🙌',
  tada: '🎉',
  thinking_face: '🤔',
  thumbsup: '👍',
  warning: '⚠️',
  wave: '👋',
  white_check_mark: '✅',
  x: '❌',
};

/** What the picker offers. */
export const PICKABLE = ['+1', 'eyes', 'white_check_mark', 'tada', 'heart', 'thinking_face'] as const;

/** The character, or `:name:` for one this page does not know. */
export function emojiOf(name: string): string {
  return EMOJI[name] ?? `:${name}:`;
}
