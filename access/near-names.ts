/** Up to three candidates that resemble the word, the most similar first. */
export function nearNames(word: string, candidates: readonly string[]): string[] {
  const meant = word.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, distance: distance(meant, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, word.length / 3) || contains(candidate, meant))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** ` (did you mean x or y?)`, or an empty text. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearNames(word, candidates);
  return near.length === 0 ? '' : ` (did you mean ${near.join(' or ')}?)`;
}

function contains(candidate: string, word: string): boolean {
  return word.length >= 3 && candidate.toLowerCase().includes(word);
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
