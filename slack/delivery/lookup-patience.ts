/** Slack's directory is asked again for so long; then nobody can say who it is. */
const PATIENCE_MS = 60_000;

/** How long each inbox row has had no answer from Slack's directory, as this gateway has seen it. */
export interface LookupPatience {
  /** There was no answer; true while the row can wait for another try. */
  lasts(id: string): boolean;
  /** The row waits for no answer any more. */
  end(id: string): void;
}

export function createLookupPatience(now: () => Date): LookupPatience {
  const since = new Map<string, number>();
  return {
    lasts(id) {
      const first = since.get(id) ?? now().getTime();
      since.set(id, first);
      return now().getTime() - first < PATIENCE_MS;
    },
    end: (id) => void since.delete(id),
  };
}
