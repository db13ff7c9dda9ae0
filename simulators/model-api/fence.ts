/** What stands before and after text of several lines. */
export const FENCE = '```';

/** Text between fences, from line `at` on; null where no fence begins. `end` is the last line it took. Slack may put the fence beside the text. */
export function fenced(lines: readonly string[], at: number): { text: string; end: number } | null {
  const first = (lines[at] ?? '').trim();
  if (!first.startsWith(FENCE)) return null;
  const beside = first.slice(FENCE.length);
  const taken = /^[a-z0-9+-]*$/i.test(beside) ? [] : [beside];
  for (let end = at + 1; end < lines.length; end++) {
    const line = lines[end] ?? '';
    if (line.trimEnd().endsWith(FENCE)) {
      const rest = line.trimEnd().slice(0, -FENCE.length);
      if (rest !== '') taken.push(rest);
      return { text: `${taken.join('\n')}\n`, end };
    }
    taken.push(line);
  }
  return { text: `${taken.join('\n')}\n`, end: lines.length };
}
