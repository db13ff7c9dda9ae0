/**
 * One look at a time for all who ask. Who asks while a look is under way is answered by the next one, which all of them share: what it finds is
 * never older than their question.
 *
 * @example
 *   const revision = shareLooks(() => policyRevision(db));
 */
export function shareLooks<T>(look: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () => {
    if (next) return next;
    const mine = last
      .catch(() => undefined)
      .then(() => {
        next = null;
        return look();
      });
    next = mine;
    last = mine;
    return mine;
  };
}
