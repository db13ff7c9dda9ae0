import { decide } from '../decide.ts';
import type { EffectiveAccess, EffectiveServer, Origin } from '../decision.ts';
import type { ToolList, ToolRules } from '../document.ts';
import { serverName } from '../personal-access.ts';
import { requestOfUrl } from '../request-of-url.ts';
import { switchedOff, toolGuardrailReason } from '../sentences.ts';
import { serverAccess } from './server-access.ts';
import { forbidsTool } from './tool-pattern.ts';
import { ruleFor } from './tool-rules.ts';
import type { ToolName } from './wire-name.ts';

export type ToolBlockCode = 'disabled' | 'guardrail' | 'server_not_attached' | 'tool_denied' | 'tool_not_allowed';

/** What must hold beside the name: the server says that the tool only reads, or somebody has allowed this call. */
export type ToolNeed = 'nothing' | 'read-only' | 'approval';

/** What is known of a call beside the name of its tool. */
export interface ToolFacts {
  /** The approved definition says that the tool only reads. A server's hint narrows what `read` covers, and widens nothing. */
  readonly readOnly: boolean;
  /** Somebody in the thread has allowed this call. */
  readonly approved: boolean;
}

export const NO_FACTS: ToolFacts = { readOnly: false, approved: false };

/** What must hold for a tool that is in this list. */
export const NEEDS: Readonly<Record<Exclude<ToolList, 'deny'>, ToolNeed>> = {
  approve: 'approval',
  allow: 'nothing',
  read: 'read-only',
};

const WHILE: Readonly<Record<ToolNeed, string>> = {
  nothing: '',
  'read-only': ', while the server says that it only reads',
  approval: ', each call after somebody in the thread has allowed it',
};

/** One line that was compared with the tool. */
export interface ToolWalkStep {
  /** The guardrail, or the connection. */
  readonly rule: string;
  readonly origin: string;
  readonly action: ToolList;
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
  | {
      readonly outcome: 'allowed';
      /** Null for one that a command starts in the sandbox. */
      readonly server: EffectiveServer | null;
      readonly needs: ToolNeed;
    }
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
 * 4. The first pattern of `approve` that covers the name allows it, when somebody allows the call. So does one of `allow`, without
 *    more; and one of `read`, when the server says that the tool only reads.
 * 5. Without any, the tool is not allowed.
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

  const server = serverNamed(name, access);
  if (!server) {
    const known = namesOf(access).join(', ');
    return blocked(
      'server_not_attached',
      null,
      `No MCP server ${name} is attached here${known && `; these are: ${known}`}.`,
    );
  }
  for (const guardrail of access.toolGuardrails) {
    if (guardrail.server !== '*' && guardrail.server !== serverName(name)) continue;
    for (const pattern of guardrail.tools) {
      const { id, line } = guardrail;
      const isCovered = forbidsTool(pattern, tool);
      walk.push({
        ...{ rule: id, origin: 'guardrail ← organization', action: 'deny', pattern, line },
        result: isCovered ? 'matched' : 'name',
      });
      if (isCovered) return blocked('guardrail', id, toolGuardrailReason(guardrail, `${serverName(name)}.${tool}`));
    }
  }
  const chain = `${name} ← ${placeOf(server.origin)}`;
  const lists = ['deny', 'approve', 'allow', 'read'] as const;
  const { found, isAskedFor } = ruleFor(tool, server.tools);
  for (const action of lists) {
    for (const { pattern, line } of server.tools[action] ?? []) {
      const isFound = found?.list === action && found.pattern === pattern;
      walk.push({
        ...{ rule: name, origin: placeOf(server.origin), action, pattern, line },
        result: isFound ? 'matched' : 'name',
      });
      if (!isFound) continue;
      const where = line > 0 ? `${pattern} in line ${line}` : pattern;
      if (action === 'deny') {
        return blocked('tool_denied', name, `The connection denies ${name}.${tool} by ${where}: ${chain}.`);
      }
      const needs = isAskedFor ? 'approval' : NEEDS[action];
      const reason = `Allowed by ${where}${WHILE[needs]}: ${chain}.`;
      return { outcome: 'allowed', server: server.remote, needs, walk, reason };
    }
  }
  const { allow, read = [], approve = [] } = server.tools;
  const listed = [...allow, ...read, ...approve].map(({ pattern }) => pattern).join(', ');
  return blocked('tool_not_allowed', name, `${name}.${tool} is not covered: ${chain} allows ${listed}.`);
}

/** Why a call of an allowed tool may not be made all the same. Null: it may. */
export function lacking(needs: ToolNeed, { readOnly, approved }: ToolFacts, name: string): string | null {
  if (needs === 'read-only' && !readOnly) {
    return `${name} may be called only while its server says that it only reads, and it does not say so.`;
  }
  if (needs === 'approval' && !approved) return `A call of ${name} needs somebody in the thread who allows it.`;
  return null;
}

/**
 * The same, and whether the server's address may be asked: a guardrail for its host forbids every call. The proxy judges the two one after
 * the other, as it reads a request.
 */
export function judgeToolCall(name: ToolName, access: EffectiveAccess): ToolDecision {
  const decision = judgeTool(name, access);
  if (decision.outcome === 'blocked') return decision;
  // One in the sandbox is at no address.
  if (decision.server === null) return decision;
  const { connection, url } = decision.server;
  const asked = decide(requestOfUrl('POST', url), serverAccess(access, connection.id));
  if (asked.outcome !== 'blocked') return decision;
  return { outcome: 'blocked', code: 'guardrail', rule: asked.rule, reason: asked.reason, walk: decision.walk };
}

interface NamedServer {
  readonly tools: ToolRules;
  readonly origin: Origin;
  /** Null for one that a command starts in the sandbox. */
  readonly remote: EffectiveServer | null;
}

/** By the id of its connection; else by its name, under which a person's own server is known. */
function serverNamed(name: string, { servers, commandServers = [] }: EffectiveAccess): NamedServer | null {
  const remote =
    servers.find(({ connection }) => connection.id === name) ??
    servers.find(({ connection }) => serverName(connection.id) === name);
  if (remote) return { ...remote, remote };
  const started = commandServers.find(({ id }) => id === name);
  return started ? { ...started, remote: null } : null;
}

function namesOf({ servers, commandServers = [] }: EffectiveAccess): string[] {
  return [...servers.map(({ connection }) => serverName(connection.id)), ...commandServers.map(({ id }) => id)];
}

/** `tracker ← #platform-eng`. */
function placeOf({ bundle, scopeLabel }: Origin): string {
  return `${bundle} ← ${scopeLabel}`;
}
