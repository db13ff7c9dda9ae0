import { randomUUID } from 'node:crypto';
import type { EffectiveRule } from '../../access/decision.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { EgressEvent, Outcome } from '../../contracts/egress.ts';
import { actingPerson, type Principal } from '../../contracts/scope.ts';
import type { Lease, MonotonicClock } from '../lease/lease-table.ts';
import type { Client } from '../listener/client.ts';
import type { Refusal, RefusedRequest } from '../refusal.ts';

/** One request or tunnel, from its arrival to its event. Its fields are filled in as it is read. */
export interface Exchange {
  readonly id: string;
  readonly at: string;
  readonly startedAt: number;
  readonly client: Client;
  lease: Lease | null;
  transport: EgressEvent['transport'];
  scheme: EgressEvent['scheme'];
  method: string;
  host: string;
  port: number;
  /** The path for the records, without query values. */
  path: string;
  /** Whether its client shows only plain text to people, as git does. */
  readsText: boolean;
  /** Whether the sandbox sent a credential itself. Null until its headers were read. */
  ownCredentials: boolean | null;
  /** The rule that decided. Null when none did, or when a guardrail forbids it. */
  rule: EffectiveRule | null;
  /** What it asks of a forge or of an MCP server. Null for every other host. */
  work: ForgeWork | null;
  bytesOut: number;
  bytesIn: number;
  /** Why it must not go on. Set when something else than its own handler stops it. */
  fault: Refusal | null;
  /** Stops it with a fault. `forward` replaces this, so that a request that is being sent is broken off. */
  cut: (fault: Refusal) => void;
}

/** What a request does in a repository or with an MCP server, for its record. */
export interface ForgeWork {
  readonly repository: string | null;
  readonly operation: string;
  /** Whole names of refs, with spaces between them. */
  readonly ref: string | null;
  readonly pullRequest: number | null;
  /** The tool of an MCP server. */
  readonly tool?: string | null;
}

export interface Ending {
  readonly outcome: Outcome;
  readonly code: string;
  readonly reason: string;
  readonly status: number | null;
  /** When no rule decided: the nearest rule, or the guardrail that forbids it. */
  readonly rule?: string | null;
  readonly connection?: string | null;
}

const MAX_TEXT = 2_048;
const MAX_TOOL = 200;

/** A new exchange, with only what its connection says. Its handler fills in the rest. */
export function beginExchange(client: Client, clock: MonotonicClock): Exchange {
  return {
    id: randomUUID(),
    at: new Date().toISOString(),
    startedAt: clock.now(),
    client,
    lease: client.lease,
    transport: client.tunnel ? 'intercept' : 'plain',
    scheme: client.tunnel ? 'https' : 'http',
    method: '',
    host: client.tunnel?.host ?? '',
    port: client.tunnel?.port ?? 0,
    path: '/',
    readsText: false,
    ownCredentials: null,
    rule: null,
    work: null,
    bytesOut: 0,
    bytesIn: 0,
    fault: null,
    cut(fault) {
      this.fault ??= fault;
    },
  };
}

/** The egress event of an exchange that has ended. Text from the client is bounded and printable. */
export function eventOf(exchange: Exchange, ending: Ending, clock: MonotonicClock): EgressEvent {
  const { client, lease, rule } = exchange;
  const request = lease?.request;
  const connection = rule?.from === 'connection' && rule.action !== 'forward' ? rule.connection.id : null;
  // What an agent was allowed to use of a person's is used as that person.
  const owner = rule?.from === 'connection' ? (rule.connection.owner as Principal | undefined) : undefined;
  return {
    id: exchange.id,
    at: exchange.at,
    sandbox: client.sandbox,
    session: request?.session ?? null,
    turn: request?.epoch.turn ?? null,
    principal: owner ?? request?.principal ?? null,
    requester: request?.requester ?? null,
    scope: request?.scope ?? null,
    outcome: ending.outcome,
    code: ending.code,
    // Our own words, but names of rules and hosts may be in them. So control characters are replaced here too.
    reason: ending.reason.slice(0, MAX_TEXT).replace(/\p{Cc}/gu, '?'),
    rule: rule ? ruleId(rule) : (ending.rule ?? null),
    bundle: rule?.origin.bundle ?? null,
    ruleScope: rule?.origin.scope ?? null,
    connection: connection ?? ending.connection ?? null,
    method: printable(exchange.method),
    scheme: exchange.scheme,
    host: printable(exchange.host),
    port: exchange.port,
    path: printable(exchange.path),
    status: ending.status,
    bytesOut: exchange.bytesOut,
    bytesIn: exchange.bytesIn,
    durationMs: Math.round(clock.now() - exchange.startedAt),
    transport: exchange.transport,
    ownCredentials: exchange.ownCredentials,
    repository: exchange.work?.repository ?? null,
    operation: exchange.work?.operation ?? null,
    // Names of refs may be in any language.
    ref: exchange.work?.ref?.replace(/\p{Cc}/gu, '?') ?? null,
    pullRequest: exchange.work?.pullRequest ?? null,
    // So may names of tools.
    tool: exchange.work?.tool?.slice(0, MAX_TOOL).replace(/\p{Cc}/gu, '?') ?? null,
  };
}

/** The request as a refusal repeats it to the client. */
export function refusedRequestOf({ id, host, port, method, path, lease, readsText }: Exchange): RefusedRequest {
  const isForPerson = lease !== null && actingPerson(lease.request.principal) !== null;
  const shown = { host: printable(host), port, method: printable(method), path: printable(path) };
  return { requestId: id, ...shown, isForPerson, readsText };
}

/** Text from a client as one line of plain ASCII with a bounded length. */
export function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^\x20-\x7e]/g, '?');
}
