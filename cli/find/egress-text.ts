import type { EgressEvent } from '../../contracts/egress.ts';
import { columns } from '../columns.ts';

/** What `bellhop egress` prints: a line for each request, oldest first. */
export function egressText(events: readonly EgressEvent[]): string {
  if (events.length === 0) return 'Nothing has left this sandbox, and nothing has tried to.';
  return columns(events.map(eventRow));
}

function eventRow(event: EgressEvent): string[] {
  const { at, turn, requester, outcome, method, status, durationMs, bytesOut } = event;
  return [
    at,
    turn === null ? 'no turn' : `turn ${turn}`,
    requester ?? '',
    outcome,
    `${method} ${addressOf(event)}`,
    `${status ?? 'no status'}, ${durationMs} ms, ${bytesOut} bytes out`,
    whyOf(event),
  ];
}

function addressOf({ scheme, host, port, path }: EgressEvent): string {
  const usual = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host}${usual ? '' : `:${port}`}${path}`;
}

/** The rule with where it comes from; of a refusal, its code and the reason. */
function whyOf({ outcome, code, reason, rule, bundle, ruleScope }: EgressEvent): string {
  if (outcome === 'blocked') return `${code}: ${reason}`;
  return [rule, bundle, ruleScope].filter((part) => part !== null).join(' ← ') || reason;
}
