/** A line that comes in pieces. */
export interface LineBuffer {
  add(piece: Buffer): void;
  /** The line, which ends here. The next one begins. */
  take(): string;
  /** Bytes of memory that are held. */
  size(): number;
}

const LEAST = 1_024;

/**
 * Pieces are copied together. Kept apart, pieces of a few bytes would take twenty times the memory that is counted for them: whoever
 * writes the line chooses how long they are.
 */
export function createLineBuffer(): LineBuffer {
  let held = Buffer.alloc(0);
  let length = 0;
  return {
    add(piece) {
      const needed = length + piece.length;
      if (needed > held.length) {
        const larger = Buffer.alloc(Math.max(LEAST, needed * 2));
        held.copy(larger, 0, 0, length);
        held = larger;
      }
      piece.copy(held, length);
      length = needed;
    },
    take() {
      const line = held.toString('utf8', 0, length);
      held = Buffer.alloc(0);
      length = 0;
      return line;
    },
    size: () => held.length,
  };
}
