import { explain } from '../../../access/decide.ts';
import type { EffectiveAccess, EffectiveRule, JudgedRequest } from '../../../access/decision.ts';
import type { AccessDocument } from '../../../access/document.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { judgeToolCall } from '../../../access/mcp/judge-tool.ts';
import { serverAccess } from '../../../access/mcp/server-access.ts';
import type { ToolName } from '../../../access/mcp/wire-name.ts';
import { offerOf } from '../../../access/personal-access.ts';
import { portText, ruleId } from '../../../access/rule-match.ts';
import type { Judgement, WhyAnswer } from '../../../admin/web/egress/why-answer.ts';
import type { EgressEvent } from '../../../contracts/egress.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { ownerOf, type Principal, principalOf, type ScopeKey, scopeKind } from '../../../contracts/scope.ts';
import { snapshotOf } from '../../../store/access-snapshots.ts';
import type { Queryable } from '../../../store/database.ts';
import { heldConnections } from '../../../store/personal-connections.ts';
import { findEgressEvent, readSession } from '../../../store/thread-view.ts';
import type { AccessView, Identity } from '../contract/thread.ts';

export interface WhyDependencies {
  readonly db: Queryable;
  /** Reads the newest applied document; null before the first. */
  readonly currentPolicy: (db: Queryable) => Promise<AccessDocument | null>;
}

/** Why a request ended as it did, by the function the proxy decides with. Null for an event that is not known. */
export async function whyOf({ db, currentPolicy }: WhyDependencies, eventId: string): Promise<WhyAnswer | null> {
  const event = await findEgressEvent(db, eventId);
  if (!event) return null;
  const { session, turn, scope, principal } = event;
  const [snapshot, document] = await Promise.all([
    session !== null && turn !== null ? snapshotOf(db, session, turn) : null,
    currentPolicy(db),
  ]);
  return {
    request: `${toolOf(event)}${event.method} ${event.scheme}://${event.host}${portText(event)}${event.path}`,
    scope: scope ?? 'none',
    recorded: { at: event.at, outcome: event.outcome, code: event.code, reason: event.reason },
    atTheTime: snapshot ? judge(event, snapshot) : null,
    now: document && scope ? judge(event, await accessAs(db, document, scope, principal ?? principalOf(scope))) : null,
  };
}

/** In whose name a turn was done and what it could reach when it began, item by item with where each comes from. */
export async function accessOf(db: Queryable, session: SessionId, turn: number): Promise<AccessView | null> {
  const [access, known] = await Promise.all([snapshotOf(db, session, turn), readSession(db, session)]);
  return access && viewOf(access, known?.principal ?? principalOf(access.scope));
}

/** What may be reached at this moment in a scope in somebody's name, with what they have connected. */
async function accessAs(
  db: Queryable,
  document: AccessDocument,
  scope: ScopeKey,
  principal: Principal,
): Promise<EffectiveAccess> {
  const person = ownerOf(principal as ScopeKey);
  const held = person ? await heldConnections(db, person) : [];
  const index = indexAccess(document);
  if (!person || scopeKind(scope) === 'person' || index.requesterChannel(scope)) {
    return index.effective(scope, held, principal);
  }
  // The agent of the channel, whom the person had allowed to use what is theirs.
  const lent = held.map((each) => ({ ...each, owner: principal as ScopeKey }));
  return index.effective(scope, lent, principalOf(scope));
}

/**
 * What a scope can reach by the policy of now, for the line under a channel's name; null before the first one.
 * @param asker who would begin a thread there
 */
export async function accessNow(
  { db, currentPolicy }: WhyDependencies,
  scope: ScopeKey,
  asker: ScopeKey | null,
): Promise<AccessView | null> {
  const document = await currentPolicy(db);
  if (!document) return null;
  const isRequester = indexAccess(document).requesterChannel(scope) !== null;
  const principal = isRequester && asker ? (asker as Principal) : principalOf(scope);
  return viewOf(await accessAs(db, document, scope, principal), principal);
}

function viewOf(access: EffectiveAccess, principal: Principal): AccessView {
  return {
    policyVersion: access.policyVersion,
    scope: access.scope,
    identity: identityOf(access, principal),
    enabled: access.enabled,
    rules: access.rules.map((rule) => {
      const { bundle, scopeLabel } = rule.origin;
      return {
        action: rule.action,
        rule: ruleId(rule),
        host: rule.match.host,
        covers: covers(rule.match),
        origin: `${bundle} ← ${scopeLabel}`,
        everywhere: rule.origin.scope === 'organization',
      };
    }),
    servers: access.servers.map(({ connection }) => offerOf(connection.id) ?? connection.id),
    guardrails: access.guardrails.map(({ id, host }) => `${id}: ${host}`),
  };
}

function identityOf({ rules, servers, identity }: EffectiveAccess, principal: Principal): Identity {
  const owner = ownerOf(principal as ScopeKey);
  if (!owner) return { as: 'agent' };
  const connections = [
    ...rules.flatMap((rule) => (rule.from === 'connection' ? [rule.connection] : [])),
    ...servers.map(({ connection }) => connection),
  ];
  const own = connections.flatMap(({ id }) => offerOf(id) ?? []);
  return { as: 'person', person: owner.person, own: [...new Set(own)], ofThread: identity === 'requester' };
}

const BY_GRANTS: ReadonlySet<string> = new Set(['repository_not_granted', 'git_refused', 'api_refused']);

function judge(event: EgressEvent, access: EffectiveAccess): Judgement {
  const { connection, tool } = event;
  if (connection !== null && tool) return judgeCall({ server: connection, tool }, access);
  // The address of an MCP server is no rule for hosts: it counts for requests to that server only.
  if (connection !== null && event.code === 'mcp_server') {
    return { policyVersion: access.policyVersion, ...explain(judgedRequest(event), serverAccess(access, connection)) };
  }
  const decision = explain(judgedRequest(event), access);
  // What git or an API was asked to do is not in the event. If the grants refused it, the same rules refuse it again.
  const refused = BY_GRANTS.has(event.code) && decision.outcome === 'injected';
  return {
    policyVersion: access.policyVersion,
    outcome: refused ? 'blocked' : decision.outcome,
    reason: refused ? event.reason : decision.reason,
    walk: decision.walk,
  };
}

/** A call of a tool, by the function the proxy decides with. */
function judgeCall(name: ToolName, access: EffectiveAccess): Judgement {
  const { outcome, reason, walk } = judgeToolCall(name, access);
  return {
    policyVersion: access.policyVersion,
    outcome: outcome === 'allowed' ? 'injected' : 'blocked',
    reason,
    walk: walk.map(({ rule, origin, action, pattern, result }) => ({
      rule: `${action} ${pattern}`,
      origin: `${rule} ← ${origin}`,
      result,
    })),
  };
}

function toolOf({ connection, tool }: EgressEvent): string {
  return tool ? `${connection}.${tool}: ` : '';
}

function judgedRequest({ method, scheme, host, port, path }: EgressEvent): JudgedRequest {
  return { method, scheme, host, port, path: path.split('?', 1)[0] ?? '/' };
}

function covers({ host, methods, paths, port, scheme }: EffectiveRule['match']): string {
  const verbs = methods.length === 0 ? 'any method' : methods.join(', ');
  const places = paths.length === 0 ? '' : ` ${paths.join(', ')}`;
  return `${verbs} ${host}${portText({ scheme, port })}${places}`;
}
