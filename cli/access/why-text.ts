import pc from 'picocolors';
import { addressSentences, type KnownCeilings } from '../../access/ceilings.ts';
import { columns } from '../../access/columns.ts';
import type { Explanation, JudgedRequest, WalkStep } from '../../access/decision.ts';
import type { Refused } from '../../access/forge/outlook.ts';
import { portText } from '../../access/rule-match.ts';
import type { Outcome } from '../../contracts/egress.ts';
import type { NamedScope } from './find-scope.ts';

const RESULTS: Readonly<Record<WalkStep['result'], string>> = {
  matched: 'decides',
  host: 'another host',
  port: 'another port',
  scheme: 'another scheme',
  method: 'not this method',
  path: 'not this path',
  shadowed: 'not consulted: a narrower scope has a connection there',
};

export interface MoreOnRequest {
  /** Whether its host is a blind tunnel. */
  readonly tunnel: boolean;
  /** Why the grants of repositories refuse what the rules let through. Null when they do not. */
  readonly refused: Refused | null;
  readonly ceilings: KnownCeilings;
}

/** A decision for people: the outcome, the reason, and every rule that was compared. */
export function whyText(
  { label }: NamedScope,
  request: JudgedRequest,
  decision: Explanation,
  { tunnel, refused, ceilings }: MoreOnRequest,
): string {
  const { method, scheme, host, port, path } = request;
  const asked = `${method} ${scheme}://${host}${portText({ scheme, port })}${path} from ${label}`;
  const code = decision.outcome === 'blocked' ? ` ${pc.dim(`(${decision.code})`)}` : '';
  const notes = [
    ...(refused ? [`${refused.reason} The grants of repositories decide that, for a request without a body.`] : []),
    refused ? `By the rules alone: ${decision.reason}` : decision.reason,
    ...(decision.outcome === 'forwarded' && decision.connectionHost
      ? ["A connection in scope speaks to this host: the sandbox's own credentials are stripped."]
      : []),
    ...(tunnel ? ['The host is a blind tunnel: the proxy sees neither method nor path of what goes through it.'] : []),
    ...(decision.outcome === 'blocked' ? [] : addressSentences(decision.rule.match.addresses, ceilings)),
  ];
  const walk = decision.walk.map(({ rule, origin, line, result }) => [
    rule,
    origin,
    line > 0 ? `line ${line}` : '',
    RESULTS[result],
  ]);
  const looked = walk.length === 0 ? [] : ['', 'Looked at, in this order:', columns(walk, '  ')];
  return [`${outcome(refused ? 'blocked' : decision.outcome)}${code}  ${asked}`, ...notes, ...looked].join('\n');
}

function outcome(outcome: Outcome): string {
  switch (outcome) {
    case 'injected':
      return pc.bold(pc.green('INJECTED'));
    case 'forwarded':
      return pc.bold(pc.cyan('FORWARDED'));
    case 'blocked':
      return pc.bold(pc.red('BLOCKED'));
  }
}
