import { effectiveAccess } from '../access/effective-access.ts';
import type { AgentActivities } from '../contracts/activities.ts';
import { takeSnapshot } from '../store/access-snapshots.ts';
import type { Database } from '../store/database.ts';
import { currentPolicy } from '../store/policy.ts';
import { fixInstructions } from '../store/sessions.ts';
import { failure } from './failure.ts';

export interface ResolveScopeAccessDependencies {
  readonly database: Database;
}

/**
 * Computes what the turn's scope may reach and keeps it as the turn's snapshot. The record is for people and for the
 * model's prompt; the proxy decides each request by the policy of its moment.
 */
export function createResolveScopeAccess({
  database,
}: ResolveScopeAccessDependencies): AgentActivities['resolveScopeAccess'] {
  return async ({ session, turn, scope }) => {
    const access = effectiveAccess(await currentPolicy(database), scope);
    const snapshot = await takeSnapshot(database, session, turn, access);
    if (!access.enabled) throw failure('AccessDisabled', `${scope} has enabled: false`);
    await fixInstructions(database, session, access.instructions);
    const connections = access.rules.filter((rule) => rule.action === 'inject').length;
    return { snapshot, connections, domains: access.rules.length - connections };
  };
}
