import { Context } from '@temporalio/activity';
import { isUnreachable } from '../store/unreachable.ts';
import { failure } from './failure.ts';

type Activity = (input: never) => Promise<unknown>;

/** Activities whose failure for want of the database is one of the closed union. */
export function namingDatabaseFailures<Activities extends object>(activities: Activities): Activities {
  const named = Object.entries(activities as Record<string, Activity>).map(([name, run]) => [name, naming(run)]);
  return Object.fromEntries(named);
}

function naming(run: Activity): Activity {
  return async (input) => {
    try {
      return await run(input);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      const { message, code } = error as NodeJS.ErrnoException;
      throw failure('DatabaseUnavailable', message || `${code}`, { cause: error, retryAfterMs: paceOfAttempts() });
    }
  };
}

const SPREAD_OVER_MS = 720_000;

/**
 * Attempts that are counted are spread, so that they outlast five minutes without a database: eight of them wait 1, 3, 9, 27,
 * 81, 90 and 90 seconds. Others come at the pace of their policy.
 */
function paceOfAttempts(): number | undefined {
  const { attempt, retryPolicy } = Context.current().info;
  const limit = retryPolicy?.maximumAttempts;
  return limit ? Math.min(1_000 * 3 ** (attempt - 1), SPREAD_OVER_MS / limit) : undefined;
}
