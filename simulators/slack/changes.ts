/** What happened in the workspace, for the page and for tests: each with an increasing number. */
export type ChangeType =
  | 'message'
  | 'message-removed'
  | 'ephemeral'
  | 'ephemeral-removed'
  | 'status'
  | 'title'
  | 'prompts'
  | 'channel'
  | 'pinned'
  | 'app'
  | 'action'
  | 'view'
  | 'view-closed';

export interface Change {
  readonly id: number;
  readonly type: ChangeType;
  readonly data: unknown;
}

export interface Changes {
  add(type: ChangeType, data: unknown): void;
  readonly lastId: number;
  /** Changes after `id`, or null when some of them are no longer kept and the reader must read the state anew. */
  since(id: number): readonly Change[] | null;
  /** Calls back for every further change, until the returned function is called. */
  follow(listener: (change: Change) => void): () => void;
}

/**
 * @param firstId where numbering starts; greater after each start of the process, so that a reader of an earlier
 *   process is told to read anew instead of silently missing changes
 */
export function createChanges(firstId: number, keep = 5_000): Changes {
  let kept: Change[] = [];
  let lastId = firstId;
  const listeners = new Set<(change: Change) => void>();
  return {
    add(type, data) {
      lastId += 1;
      const change = { id: lastId, type, data };
      kept.push(change);
      if (kept.length > keep * 1.2) kept = kept.slice(-keep);
      for (const listener of listeners) listener(change);
    },
    get lastId() {
      return lastId;
    },
    since(id) {
      const oldest = kept[0]?.id ?? lastId + 1;
      if (id < oldest - 1 || id > lastId) return null;
      return kept.filter((change) => change.id > id);
    },
    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
