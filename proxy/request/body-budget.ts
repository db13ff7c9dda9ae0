import { Refusal } from '../refusal.ts';

/**
 * Memory for bodies that have to be read whole before they are sent. Each sandbox has a share, so that no sandbox can
 * use up the room of all.
 */
export interface BodyBudget {
  /**
   * Sets bytes aside. Call the returned function when the body is sent; calling it again does nothing.
   * @throws Refusal `body_too_large` for more than a sandbox may ever have, `too_many_requests` when there is no room now
   */
  take(sandbox: string, bytes: number): () => void;
}

export interface BodyBudgetLimits {
  readonly perSandbox: number;
  readonly inAll: number;
}

export const BODY_LIMITS: BodyBudgetLimits = { perSandbox: 64 * 1024 * 1024, inAll: 256 * 1024 * 1024 };

/**
 * One for each proxy.
 * @param limits bytes, for one sandbox and for all together
 */
export function createBodyBudget({ perSandbox, inAll }: BodyBudgetLimits = BODY_LIMITS): BodyBudget {
  const taken = new Map<string, number>();
  let sum = 0;

  return {
    take(sandbox, bytes) {
      if (bytes > perSandbox) {
        throw new Refusal('body_too_large', `A body that is signed may have at most ${perSandbox} bytes.`);
      }
      const before = taken.get(sandbox) ?? 0;
      if (before + bytes > perSandbox || sum + bytes > inAll) {
        throw new Refusal('too_many_requests', 'Too many large bodies are being read at once.');
      }
      taken.set(sandbox, before + bytes);
      sum += bytes;
      let given = false;
      return () => {
        if (given) return;
        given = true;
        sum -= bytes;
        const left = (taken.get(sandbox) ?? 0) - bytes;
        if (left > 0) taken.set(sandbox, left);
        else taken.delete(sandbox);
      };
    },
  };
}
