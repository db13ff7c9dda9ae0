import { randomUUID } from 'node:crypto';
import type { EffectiveRule } from '../../access/decision.ts';
import type { EgressEvent, Outcome } from '../../contracts/egress.ts';
import type { Lease, MonotonicClock } from '../lease/lease-table.ts';
import type { Client } from '../listener/client.ts';
import type { Refusal, RefusedRequest } from '../refusal.ts';

/** One request or one tunnel from its arrival to its event. What is known of it grows as it is read. */
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
  /** As it is recorded: without query values. */
  path: string;
  /** Whether the sandbox sent a credential itself; null until its headers were seen. */
  ownCredentials: boolean | null;
  /** The rule that let it through. */
  rule: EffectiveRule | null;
  bytesOut: number;
  bytesIn: number;
  /** Why it must not go on, found while it was being judged or was under way. */
  fault: Refusal | null;
  /** Ends it with a fault, wherever it is. Sending adds how to end what is under way. */
  cut: (fault: Refusal) => void;
}

export interface Ending {
  readonly outcome: Outcome;
  readonly code: string;
  readonly reason: string;
  readonly status: number | null;
  /** When no rule let it through: the one that came nearest, or a guardrail. */
  readonly rule?: string | null;
  readonly connection?: string | null;
}

const MAX_TEXT = 2_048;

/** The record of a request nothing is known about yet; whoever handles it fills it in. */
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
    ownCredentials: null,
    rule: null,
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
  const connection = rule?.action === 'inject' ? rule.connection.id : null;
  return {
    id: exchange.id,
    at: exchange.at,
    sandbox: client.sandbox,
    session: request?.session ?? null,
    turn: request?.epoch.turn ?? null,
    principal: request?.principal ?? null,
    requester: request?.requester ?? null,
    scope: request?.scope ?? null,
    outcome: ending.outcome,
    code: ending.code,
    // Our own words, with names for people in them; no control characters all the same.
    reason: ending.reason.slice(0, MAX_TEXT).replace(/\p{Cc}/gu, '?'),
    rule: rule ? (rule.action === 'inject' ? rule.connection.id : rule.domain.id) : (ending.rule ?? null),
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
  };
}

/** The request as a refusal repeats it to the client. */
export function refusedRequestOf({ id, host, port, method, path }: Exchange): RefusedRequest {
  return { requestId: id, host: printable(host), port, method: printable(method), path: printable(path) };
}

/** Whatever a hostile client sent, as one line of plain ASCII of bounded length. */
export function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^\x20-\x7e]/g, '?');
}
