import pc from 'picocolors';
import { addressSentences, type KnownCeilings } from '../../access/ceilings.ts';
import { columns } from '../../access/columns.ts';
import type { AddressException } from '../../access/document.ts';
import type { ToolDecision } from '../../access/mcp/judge-tool.ts';
import type { ToolName } from '../../access/mcp/wire-name.ts';
import type { KnownTool } from '../../store/mcp-servers.ts';
import type { NamedScope } from './find-scope.ts';

/** What is known of a tool besides the rules. */
export type ToolState = KnownTool['state'] | 'not listed' | 'not known' | 'in the sandbox' | 'of each person';

export interface MoreOnTool {
  readonly state: ToolState;
  /** Special addresses to which its server may lead. */
  readonly addresses: readonly AddressException[];
  readonly ceilings: KnownCeilings;
}

/** A decision on a tool for people: the outcome, the reason, and every name that was compared. */
export function whyToolText(
  { label }: NamedScope,
  { server, tool }: ToolName,
  decision: ToolDecision,
  { state, addresses, ceilings }: MoreOnTool,
): string {
  const isBlocked = decision.outcome === 'blocked';
  const code = isBlocked ? ` ${pc.dim(`(${decision.code})`)}` : '';
  const outcome = isBlocked ? pc.bold(pc.red('BLOCKED')) : pc.bold(pc.green('ALLOWED'));
  const walk = decision.walk.map(({ rule, origin, action, pattern, line, result }) => [
    ...[rule, origin, `${action} ${pattern}`, line > 0 ? `line ${line}` : ''],
    result === 'matched' ? 'decides' : 'another name',
  ]);
  return [
    `${outcome}${code}  ${server}.${tool} from ${label}`,
    decision.reason,
    ...(isBlocked ? [] : noteOn(decision.server?.connection.id ?? server, state)),
    ...addressSentences(addresses, ceilings),
    ...(walk.length === 0 ? [] : ['', 'Looked at, in this order:', columns(walk, '  ')]),
  ].join('\n');
}

/** What keeps an allowed tool from being offered all the same. */
function noteOn(server: string, state: ToolState): string[] {
  switch (state) {
    case 'approved':
      return [];
    case 'new':
    case 'changed':
      return [`It is ${state}, and offered to nobody until you approve it: ./bellhop connections approve ${server}`];
    case 'not listed':
      return ['The server does not list it, so it is offered to nobody.'];
    case 'in the sandbox':
      return ['It runs in the sandbox of each thread, and has the tools that it lists there.'];
    case 'of each person':
      return ['Its tools are those of each person: look from their own scope, such as person:T0123ABCD:U0123ABCD.'];
    case 'not known':
      return ['The server has not said yet which tools it has.'];
  }
}
