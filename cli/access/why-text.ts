import pc from 'picocolors';
import type { Decision, JudgedRequest, WalkStep } from '../../access/decision.ts';
import { columns } from '../columns.ts';
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

/** A decision for people: the outcome, the reason, and every rule that was looked at. */
export function whyText({ label }: NamedScope, request: JudgedRequest, decision: Decision, tunnel: boolean): string {
  const { method, scheme, host, port, path } = request;
  const usual = port === (scheme === 'https' ? 443 : 80);
  const asked = `${method} ${scheme}://${host}${usual ? '' : `:${port}`}${path} from ${label}`;
  const code = decision.outcome === 'blocked' ? ` ${pc.dim(`(${decision.code})`)}` : '';
  const notes = [
    decision.reason,
    ...(decision.outcome === 'forwarded' && decision.connectionHost
      ? ["A connection in scope speaks to this host: the sandbox's own credentials are stripped."]
      : []),
    ...(tunnel ? ['The host is a blind tunnel: the proxy sees neither method nor path of what goes through it.'] : []),
  ];
  const walk = decision.walk.map(({ rule, origin, result }) => [rule, origin, RESULTS[result]]);
  const looked = walk.length === 0 ? [] : ['', 'Looked at, in this order:', columns(walk, '  ')];
  return [`${outcome(decision)}${code}  ${asked}`, ...notes, ...looked].join('\n');
}

function outcome({ outcome }: Decision): string {
  switch (outcome) {
    case 'injected':
      return pc.bold(pc.green('INJECTED'));
    case 'forwarded':
      return pc.bold(pc.cyan('FORWARDED'));
    case 'blocked':
      return pc.bold(pc.red('BLOCKED'));
  }
}
