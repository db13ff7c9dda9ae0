/**
 * Keeps one answer for a while, and asks once for all who want it at the same time. A failure is not kept.
 * @param now milliseconds, monotonic
 */
export function remembered<T>(
  lifeMs: number,
  ask: () => Promise<T>,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let known: { readonly answer: Promise<T>; readonly at: number } | null = null;
  return () => {
    if (known === null || now() - known.at > lifeMs) {
      const mine = { answer: ask(), at: now() };
      known = mine;
      mine.answer.catch(() => {
        if (known === mine) known = null;
      });
    }
    return known.answer;
  };
}
