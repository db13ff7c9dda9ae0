/**
 * Memory for the answers of MCP servers while they are read. Each sandbox has a share, so that none can use up the room of all.
 */
export interface AnswerBudget {
  /** The room of one session, empty at first. */
  open(sandbox: string): AnswerRoom;
}

export interface AnswerRoom {
  /** Sets bytes aside. False when there is no room for them now, and when its answer is done with. */
  take(bytes: number): boolean;
  /** Gives everything back. Call it once, when the answer is done with. */
  close(): void;
}

export interface AnswerBudgetLimits {
  readonly perSandbox: number;
  readonly inAll: number;
}

export const ANSWER_LIMITS: AnswerBudgetLimits = { perSandbox: 32 * 1024 * 1024, inAll: 256 * 1024 * 1024 };

/**
 * One for each runner process.
 * @param limits bytes, for one sandbox and for all together
 */
export function createAnswerBudget({ perSandbox, inAll }: AnswerBudgetLimits = ANSWER_LIMITS): AnswerBudget {
  const taken = new Map<string, number>();
  let sum = 0;

  return {
    open(sandbox) {
      let own = 0;
      let isClosed = false;
      return {
        take(bytes) {
          // What comes late would never be given back.
          if (isClosed) return false;
          const before = taken.get(sandbox) ?? 0;
          if (before + bytes > perSandbox || sum + bytes > inAll) return false;
          taken.set(sandbox, before + bytes);
          sum += bytes;
          own += bytes;
          return true;
        },
        close() {
          isClosed = true;
          const left = (taken.get(sandbox) ?? 0) - own;
          if (left > 0) taken.set(sandbox, left);
          else taken.delete(sandbox);
          sum -= own;
          own = 0;
        },
      };
    },
  };
}
