import type { CredentialUse } from '../../access/credential-use.ts';
import {
  type AccessDocument,
  type Connection,
  type McpServer,
  NO_CREDENTIAL,
  type ToolRules,
} from '../../access/document.ts';
import { allowsTool, forbidsTool } from '../../access/mcp/tool-pattern.ts';
import { wireName } from '../../access/mcp/wire-name.ts';
import { portText } from '../../access/rule-match.ts';
import type { ConnectionUses } from '../../store/connection-use.ts';
import type { CredentialRecord } from '../../store/credentials.ts';
import type { KnownServer, KnownTool } from '../../store/mcp-servers.ts';

/** A connection for people and programs. Nothing in it is secret. */
export interface ConnectionDescription {
  readonly name: string;
  readonly preset: string | null;
  readonly kind: CredentialUse['kind'];
  /** What the access file says about the credential, without its kind. */
  readonly use: Readonly<Record<string, unknown>>;
  /** `inject GET,HEAD https://api.acme.test/v1`. */
  readonly rules: readonly string[];
  readonly hosts: readonly string[];
  /** `acme-data ← #platform-eng`, for each bundle and each place it is attached to. */
  readonly attached: readonly string[];
  readonly test: string | null;
  /** What makes it an MCP server. Null for another connection. */
  readonly mcp: ServerDescription | null;
  /** Null while no credential is in force. */
  readonly version: number | null;
  readonly since: Date | null;
  readonly expiresAt: Date | null;
  readonly used: ConnectionUses['used'];
  readonly refused: ConnectionUses['refused'];
}

export interface ServerDescription {
  readonly url: string;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly read: readonly string[];
  readonly approve: readonly string[];
  /** When it last said which tools it has. Null: never. */
  readonly listedAt: Date | null;
  /** Why it could not be asked lately. Null when it could. */
  readonly problem: string | null;
  readonly tools: readonly ToolDescription[];
}

export interface ToolDescription {
  readonly name: string;
  /** What the access file says of it. */
  readonly rule: 'allowed' | 'allowed if it only reads' | 'asked before each call' | 'denied' | 'not allowed';
  readonly state: KnownTool['state'];
  /** Why no model is given it. Null when one is. */
  readonly problem: string | null;
}

/**
 * What the access file says of a connection, with what the database knows of it.
 * @param stored records of all credentials, without their secrets
 * @param uses undefined for a connection that was never used
 * @param server undefined for an MCP server that was never asked, and for any other connection
 */
export function describeConnection(
  connection: Connection,
  document: AccessDocument,
  stored: readonly CredentialRecord[],
  uses: ConnectionUses | undefined,
  server?: KnownServer,
): ConnectionDescription {
  const { id, preset, credential, credentialVersion, rules, test, mcp } = connection;
  const { kind, ...use } = credential;
  const record = stored.find((each) => each.connection === id && each.version === credentialVersion);
  return {
    name: id,
    preset,
    kind,
    use,
    rules: rules.map(ruleText),
    hosts: [...new Set(rules.filter(({ action }) => action !== 'deny').map(({ host }) => host))],
    attached: attachedTo(id, document),
    test: test && `${test.method} ${test.url}`,
    mcp: mcp ? describeServer(id, mcp, server) : null,
    version: credentialVersion === NO_CREDENTIAL ? null : credentialVersion,
    since: record?.createdAt ?? null,
    expiresAt: record?.expiresAt ?? null,
    used: uses?.used ?? null,
    refused: uses?.refused ?? null,
  };
}

function describeServer(id: string, { url, tools }: McpServer, known: KnownServer | undefined): ServerDescription {
  return {
    url,
    allow: namesOf(tools.allow),
    deny: namesOf(tools.deny),
    read: namesOf(tools.read ?? []),
    approve: namesOf(tools.approve ?? []),
    listedAt: known?.listedAt ?? null,
    problem: known?.problem ?? null,
    tools: (known?.tools ?? []).map(({ name, state, problem }) => ({
      ...{ name, state, rule: ruleOn(name, tools) },
      problem: problem ?? (wireName(id, name) === null ? 'Its name is too long for models.' : null),
    })),
  };
}

/** What the access file says of a tool. A denial wins; a question before the call wins over leave without one. */
export function ruleOn(tool: string, { allow, deny, read = [], approve = [] }: ToolRules): ToolDescription['rule'] {
  if (deny.some(({ pattern }) => forbidsTool(pattern, tool))) return 'denied';
  const isIn = (list: ToolRules['allow']) => list.some(({ pattern }) => allowsTool(pattern, tool));
  if (!isIn(approve) && !isIn(allow) && !isIn(read)) return 'not allowed';
  if (approve.some(({ pattern }) => forbidsTool(pattern, tool))) return 'asked before each call';
  return isIn(allow) ? 'allowed' : 'allowed if it only reads';
}

/** Whether the file lets a tool be called in some way. */
export function isCallable(rule: ToolDescription['rule']): boolean {
  return rule !== 'denied' && rule !== 'not allowed';
}

function namesOf(patterns: readonly { readonly pattern: string }[]): string[] {
  return patterns.map(({ pattern }) => pattern);
}

function ruleText({ action, methods, scheme, host, port, paths }: Connection['rules'][number]): string {
  const where = `${scheme}://${host}${portText({ scheme, port })}${paths.length === 0 ? '' : ` below ${paths.join(', ')}`}`;
  return `${action} ${methods.length === 0 ? 'every method' : methods.join(',')} ${where}`;
}

/** A grant of a repository uses its connection too, without a line of its own in the bundle. */
function attachedTo(id: string, { bundles, scopes }: AccessDocument): string[] {
  const having = bundles.filter(
    ({ connections, repositories }) =>
      connections.includes(id) || repositories.some(({ connection }) => connection === id),
  );
  return having.flatMap((bundle) =>
    scopes.filter((scope) => scope.bundles.includes(bundle.id)).map(({ label }) => `${bundle.id} ← ${label}`),
  );
}
