import { columns } from '../../access/columns.ts';
import type { EgressEvent } from '../../contracts/egress.ts';

/** An event with everybody whose words its turn has read. Absent or empty: its requester's only. */
export type ShownEvent = EgressEvent & { readonly steeredBy?: readonly string[] };

/**
 * The output of `bellhop egress`: a line for each row, oldest first. Past the limit of a turn, a row counts several.
 */
export function egressText(events: readonly ShownEvent[]): string {
  if (events.length === 0) return 'Nothing has left this sandbox, and nothing has tried to.';
  return columns(events.map(eventRow));
}

function eventRow(event: ShownEvent): string[] {
  const { at, turn, requester, steeredBy = [], outcome, method, status, durationMs, bytesOut, requests = 1 } = event;
  return [
    at,
    turn === null ? 'no turn' : `turn ${turn}`,
    [...new Set([requester ?? '', ...steeredBy])].join(', '),
    outcome,
    `${method} ${addressOf(event)}${requests > 1 ? ` and ${requests - 1} more` : ''}`,
    `${status ?? 'no status'}, ${durationMs} ms, ${bytesOut} bytes out`,
    workOf(event),
    whyOf(event),
  ];
}

function addressOf({ scheme, host, port, path }: EgressEvent): string {
  // A row that counts requests to many hosts.
  if (host === '*') return 'many hosts';
  const usual = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host}${usual ? '' : `:${port}`}${path}`;
}

/** What it did in a repository: `push acme/shop bellhop/fix`. Or the tool that it called: `linear-tools.create_issue`. */
function workOf({ operation, repository, ref, pullRequest, tool, connection }: EgressEvent): string {
  if (tool) return `${connection}.${tool}`;
  if (!operation || !repository) return '';
  const where = pullRequest ? `${repository}#${pullRequest}` : repository;
  return `${operation} ${where}${ref ? ` ${ref.replaceAll('refs/heads/', '')}` : ''}`;
}

/** The rule and its origin. For a refusal, its code and reason. */
function whyOf({ outcome, code, reason, rule, bundle, ruleScope }: EgressEvent): string {
  if (outcome === 'blocked') return `${code}: ${reason}`;
  return [rule, bundle, ruleScope].filter((part) => part !== null).join(' ← ') || reason;
}
