import { decide } from '../decide.ts';
import type { EffectiveAccess, EffectiveServer, Origin } from '../decision.ts';
import { requestOfUrl } from '../request-of-url.ts';
import { switchedOff, toolGuardrailReason } from '../sentences.ts';
import { serverAccess } from './server-access.ts';
import { allowsTool, forbidsTool } from './tool-pattern.ts';
import type { ToolName } from './wire-name.ts';

export type ToolBlockCode = 'disabled' | 'guardrail' | 'server_not_attached' | 'tool_denied' | 'tool_not_allowed';

/** One line that was compared with the tool. */
export interface ToolWalkStep {
  /** The guardrail, or the connection. */
  readonly rule: string;
  readonly origin: string;
  readonly action: 'allow' | 'deny';
  readonly pattern: string;
  /** Where it stands in the file that was applied. 0 when that is not known. */
  readonly line: number;
  readonly result: 'matched' | 'name';
}

export type ToolDecision = {
  /** A sentence for people. */
  readonly reason: string;
  readonly walk: readonly ToolWalkStep[];
} & (
  | { readonly outcome: 'allowed'; readonly server: EffectiveServer }
  | {
      readonly outcome: 'blocked';
      readonly code: ToolBlockCode;
      /** The guardrail or connection that blocks. Null when no server of this name is attached. */
      readonly rule: string | null;
    }
);

/**
 * Judges whether a scope may call a tool of an MCP server. The proxy, the list that a model gets, `bellhop why` and the tests
 * of a file all call this function.
 *
 * 1. The server must be attached.
 * 2. A guardrail for the server, or for every one, forbids the tool.
 * 3. A `deny` of its connection forbids the tool, wherever it stands.
 * 4. The first pattern of `allow` that covers the name allows it. Without one, the tool is not allowed.
 *
 * @example
 *   judgeTool({ server: 'linear-tools', tool: 'create_issue' }, effectiveAccess(document, 'channel:T1:C1'));
 */
export function judgeTool({ server: name, tool }: ToolName, access: EffectiveAccess): ToolDecision {
  const walk: ToolWalkStep[] = [];
  const blocked = (code: ToolBlockCode, rule: string | null, reason: string): ToolDecision => ({
    ...{ outcome: 'blocked', code, rule, reason, walk },
  });
  if (!access.enabled) return blocked('disabled', null, switchedOff(access).reason);

  const server = access.servers.find(({ connection }) => connection.id === name);
  if (!server) {
    const known = access.servers.map(({ connection }) => connection.id).join(', ');
    return blocked(
      'server_not_attached',
      null,
      `No MCP server ${name} is attached here${known && `; these are: ${known}`}.`,
    );
  }
  for (const guardrail of access.toolGuardrails) {
    if (guardrail.server !== '*' && guardrail.server !== name) continue;
    for (const pattern of guardrail.tools) {
      const { id, line } = guardrail;
      const isCovered = forbidsTool(pattern, tool);
      walk.push({
        ...{ rule: id, origin: 'guardrail ← organization', action: 'deny', pattern, line },
        result: isCovered ? 'matched' : 'name',
      });
      if (isCovered) return blocked('guardrail', id, toolGuardrailReason(guardrail, `${name}.${tool}`));
    }
  }
  const { allow, deny } = server.tools;
  const chain = `${name} ← ${placeOf(server.origin)}`;
  for (const [action, patterns] of [
    ['deny', deny],
    ['allow', allow],
  ] as const) {
    for (const { pattern, line } of patterns) {
      const isCovered = action === 'deny' ? forbidsTool(pattern, tool) : allowsTool(pattern, tool);
      walk.push({
        ...{ rule: name, origin: placeOf(server.origin), action, pattern, line },
        result: isCovered ? 'matched' : 'name',
      });
      if (!isCovered) continue;
      const where = line > 0 ? `${pattern} in line ${line}` : pattern;
      if (action === 'allow') return { outcome: 'allowed', server, walk, reason: `Allowed by ${where}: ${chain}.` };
      return blocked('tool_denied', name, `The connection denies ${name}.${tool} by ${where}: ${chain}.`);
    }
  }
  const listed = allow.map(({ pattern }) => pattern).join(', ');
  return blocked('tool_not_allowed', name, `${name}.${tool} is not covered: ${chain} allows ${listed}.`);
}

/**
 * The same, and whether the server's address may be asked: a guardrail for its host forbids every call. The proxy judges the two one after
 * the other, as it reads a request.
 */
export function judgeToolCall(name: ToolName, access: EffectiveAccess): ToolDecision {
  const decision = judgeTool(name, access);
  if (decision.outcome === 'blocked') return decision;
  const { connection, url } = decision.server;
  const asked = decide(requestOfUrl('POST', url), serverAccess(access, connection.id));
  if (asked.outcome !== 'blocked') return decision;
  return { outcome: 'blocked', code: 'guardrail', rule: asked.rule, reason: asked.reason, walk: decision.walk };
}

/** `tracker ← #platform-eng`. */
function placeOf({ bundle, scopeLabel }: Origin): string {
  return `${bundle} ← ${scopeLabel}`;
}
