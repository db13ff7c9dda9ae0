/** What a scope is allowed and forbidden, in pieces that can be compared over two documents. */

import type { CredentialUse } from './credential-use.ts';
import type { EffectiveCommandServer, EffectiveRule, EffectiveServer } from './decision.ts';
import type { Guardrail, RepositoryGrant, RepositoryGuardrail, RuleMatch, ToolGuardrail } from './document.ts';
import { matchesHost } from './host-name.ts';
import { coversPath } from './path-match.ts';
import { portText, ruleId } from './rule-match.ts';

/** One thing that is allowed or forbidden, in a form that can be compared. */
export interface Piece {
  readonly what: string;
  /** Pieces of different kinds never cover each other: a credential is another reach than none. */
  readonly kind: string;
  readonly match: Pick<RuleMatch, 'host' | 'methods' | 'paths'> & {
    readonly scheme: string;
    readonly port: number | null;
  };
}

/**
 * Makes pieces. Equal pieces are one object, of either document, and thousands of channels share them. Therefore two scopes
 * are compared without looking into their pieces.
 */
export interface Pieces {
  /** @param source a rule, guardrail or grant, which belongs to one document and does not change */
  of(source: object, make: () => Piece): Piece;
  /**
   * What a forge's connection is denied at the host of one of its rules: everything that no repository grants.
   * @param match of a rule of one document, which does not change
   */
  ofGate(match: Piece['match'], connection: string): Piece;
  /** Something that has no rule of its own. */
  ofNamed(what: string): Piece;
}

/** Begins without any. One comparison uses one of it for both documents. */
export function createPieces(): Pieces {
  const bySource = new Map<object, Piece>();
  const gates = new Map<object, Piece>();
  const byContent = new Map<string, Piece>();
  function shared(made: Piece): Piece {
    const { host, scheme, port, methods, paths } = made.match;
    const content = JSON.stringify([made.kind, made.what, host, scheme, port, methods, paths]);
    const piece = byContent.get(content) ?? made;
    byContent.set(content, piece);
    return piece;
  }
  return {
    ofNamed: (what) => shared(namedPiece(what)),
    of(source, make) {
      const known = bySource.get(source);
      if (known) return known;
      const piece = shared(make());
      bySource.set(source, piece);
      return piece;
    },
    ofGate(match, connection) {
      const known = gates.get(match);
      if (known) return known;
      const what = `whatever its repositories do not grant denied by ${connection}`;
      const { host, port, scheme } = match;
      const piece = shared({ kind: what, what, match: { host, port, scheme, methods: [], paths: [] } });
      gates.set(match, piece);
      return piece;
    },
  };
}

/** @param isGated whether the rule opens only what repositories are granted for */
export function pieceOf(rule: EffectiveRule, isGated: boolean): Piece {
  const { match } = rule;
  const where = `${methodsOf(match.methods)} ${match.scheme}://${match.host}${portText(match)}${match.paths.join(',')}`;
  const how = `${isGated ? ', as far as repositories are granted,' : ''}${howOf(rule)}`;
  const addresses = match.addresses.map(({ range, port }) => `${range}:${port}`).join(', ');
  return {
    kind: JSON.stringify([rule.action, settingsOf(rule), addresses]),
    what: `${where}${how}${addresses ? `, at ${addresses}` : ''}`,
    match,
  };
}

const GUARDRAIL = 'guardrail';

/** What makes a rule another reach although it is for the same requests. */
function settingsOf(rule: EffectiveRule): unknown {
  if (rule.from === 'domain') return [rule.match.transport, rule.match.ownCredentials];
  if (rule.action !== 'inject') return null;
  const { id, credential, ca } = rule.connection;
  return [id, inOrder(credential), ca];
}

/** PostgreSQL gives the fields of a stored document back in an order of its own. */
function inOrder(credential: CredentialUse): [string, unknown][] {
  return Object.entries(credential).sort(([a], [b]) => (a < b ? -1 : 1));
}

function howOf(rule: EffectiveRule): string {
  if (rule.from === 'domain') {
    const { transport, ownCredentials } = rule.match;
    if (transport === 'tunnel') return ' as a blind tunnel';
    return ownCredentials === 'strip' ? '' : `, own credentials: ${ownCredentials}`;
  }
  if (rule.action === 'deny') return ` denied by ${ruleId(rule)}`;
  if (rule.action === 'forward') return '';
  return ` with ${ruleId(rule)} (${credentialText(rule.connection.credential)})`;
}

function credentialText(credential: CredentialUse): string {
  const settings = inOrder(credential).filter(([name, value]) => name !== 'kind' && value !== null && value !== '');
  const told = settings.map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(' ') : String(value)}`);
  return [credential.kind, ...told].join(', ');
}

/** What a guardrail on hosts forbids. `port: null` forbids on every port. */
export function guardrailPiece({ id, host, port, methods, paths }: Guardrail): Piece {
  const what = `${methodsOf(methods)} ${host}${port === null ? '' : `:${port}`}${paths.join(',')} denied by ${id}`;
  return { kind: GUARDRAIL, what, match: { host, port, methods, paths, scheme: 'https' } };
}

/** `propose acme/shop with github`, `write acme/docs (main, docs/*) with github`. */
export function grantText({ access, branches, repository, connection }: RepositoryGrant): string {
  return `${access} ${repository}${branches.length > 0 ? ` (${branches.join(', ')})` : ''} with ${connection}`;
}

/** `merge, push in acme/* denied by no-merges`. */
export function operationsText({ id, operations, repository }: RepositoryGuardrail): string {
  return `${operations.join(', ')} in ${repository} denied by ${id}`;
}

const WAYS = { allow: '', read: ' that only read', approve: ', asking before each call,' } as const;

/** `tools list_* of linear-tools at https://mcp.linear.example/mcp (bearer)`. */
export function toolsText({ connection, url }: EffectiveServer, list: keyof typeof WAYS, pattern: string): string {
  return `tools ${pattern}${WAYS[list]} of ${connection.id} at ${url} (${credentialText(connection.credential)})`;
}

/** `each call of create_* of linear-tools asked for`. */
export function toolAskText(server: string, pattern: string): string {
  return `each call of ${pattern} of ${server} asked for`;
}

/** `tools list_* of notes, started in the sandbox by npx @acme/notes`. */
export function commandToolsText(
  { id, command }: EffectiveCommandServer,
  list: keyof typeof WAYS,
  pattern: string,
): string {
  return `tools ${pattern}${WAYS[list]} of ${id}, started in the sandbox by ${command.join(' ')}`;
}

/** `tools delete_* of linear-tools denied by linear-tools`. */
export function toolDenialText({ connection }: EffectiveServer, pattern: string): string {
  return `tools ${pattern} of ${connection.id} denied by ${connection.id}`;
}

/** `tools delete_* of every MCP server denied by no-tool-deletes`. */
export function toolGuardrailText({ id, server, tools }: ToolGuardrail): string {
  return `tools ${tools.join(', ')} of ${server === '*' ? 'every MCP server' : server} denied by ${id}`;
}

/** Something that has no host, such as a tool or a model. It covers only a piece of the same name. */
export function namedPiece(what: string): Piece {
  return { kind: what, what, match: { host: '', port: 0, scheme: 'https', methods: [], paths: [] } };
}

/** Whether a denial stands by itself. Others belong to a connection, and mean nothing where nothing reaches its hosts. */
export function standsAlone({ kind, match }: Piece): boolean {
  return kind === GUARDRAIL || match.host === '';
}

function methodsOf(methods: readonly string[]): string {
  return methods.length === 0 ? 'every method' : methods.join(', ');
}

/** Whether some request may be for both. What forbids, and what hides, does so by host and port, for http and https alike. */
export function meets(a: Piece, b: Piece): boolean {
  const isForEveryPort = a.match.port === null || b.match.port === null;
  if (!isForEveryPort && a.match.port !== b.match.port) return false;
  return coversHost(a.match.host, b.match.host) || coversHost(b.match.host, a.match.host);
}

/** Whether every request that `narrow` is for is one that `broad` is for. Empty lists of methods and paths mean all of them. */
export function covers(broad: Piece, narrow: Piece): boolean {
  return (
    broad.kind === narrow.kind &&
    broad.match.scheme === narrow.match.scheme &&
    (broad.match.port === null || broad.match.port === narrow.match.port) &&
    coversHost(broad.match.host, narrow.match.host) &&
    coversList(broad.match.methods, narrow.match.methods, (a, b) => a === b) &&
    coversList(broad.match.paths, narrow.match.paths, coversPath)
  );
}

/** Stands for every name below a suffix: no pattern can name it. */
const ANY_LABEL = '\0';

/** Whether one pattern covers another, each an exact name, `*.suffix` or `*`. */
export function coversHost(broad: string, narrow: string): boolean {
  if (broad === narrow || broad === '*') return true;
  // Of two exact names, by far the most common, no pattern is read.
  if (narrow === '*' || !broad.startsWith('*')) return false;
  return matchesHost(broad, narrow.startsWith('*') ? `${ANY_LABEL}${narrow.slice(1)}` : narrow);
}

/** An empty list covers everything. */
function coversList(broad: readonly string[], narrow: readonly string[], covered: (a: string, b: string) => boolean) {
  if (broad.length === 0) return true;
  return narrow.length > 0 && narrow.every((each) => broad.some((one) => covered(one, each)));
}
