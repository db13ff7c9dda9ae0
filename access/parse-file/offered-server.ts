/** An MCP server in `people.offer`: people reach it with a token of their own. */
import type { FileConnection } from '../access-file.ts';
import { type Connection, NO_CREDENTIAL } from '../document.ts';
import { didYouMean } from '../near-names.ts';
import type { PersonalOffer } from '../people-access.ts';
import { personalId } from '../personal-access.ts';
import { type ConnectionEntry, connection as connectionSchema } from './connection-schema.ts';
import { toConnection } from './convert.ts';
import { NAME, NAME_RULE } from './leaf-schemas.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import { clientConnection, type OfferedOAuthEntry, serverOAuth } from './read-offered-oauth.ts';
import { isMapping } from './read-root.ts';
import type { YamlText } from './read-yaml.ts';
import { parseEntry } from './strict-entry.ts';

type Entry = Readonly<Record<string, unknown>>;

export interface OfferedServerPlace {
  readonly path: FilePath;
  readonly text: YamlText;
  /** The section `connections` as it is written. */
  readonly connections: unknown;
  readonly refuse: (message: string, below?: FilePath) => void;
}

/** What may stand in such an offer. */
const KEYS = ['mcp', 'url', 'tools', 'addresses', 'credential', 'oauth'];
/** Kinds of credential that are one text, which a person can paste. */
const PASTED = ['bearer', 'header', 'basic', 'query'];

/**
 * Reads `{ mcp: linear-tools }`. Where it has no `url`, the server is the connection of that name: its address and tools are those
 * that the offer does not say. The credential is a bearer token unless the offer says another kind.
 * With `oauth` people grant one.
 */
export function readOfferedServer(
  { oauth: client, ...offer }: Entry & { readonly oauth?: OfferedOAuthEntry | undefined },
  { path, text, connections, refuse }: OfferedServerPlace,
): {
  readonly offer: PersonalOffer | null;
  readonly client?: FileConnection | null;
  readonly problems: readonly FileProblem[];
} {
  const nothing = { offer: null, problems: [] };
  const name = String(offer.mcp);
  if (!NAME.test(name)) {
    refuse(NAME_RULE, ['mcp']);
    return nothing;
  }
  const unknown = Object.keys(offer).filter((key) => !KEYS.includes(key));
  for (const key of unknown) refuse(`unknown key${didYouMean(key, KEYS)}; known here: ${KEYS.join(', ')}`, [key]);
  const base = offer.url === undefined ? serverNamed(name, connections, refuse) : {};
  const credential = credentialOf(offer.credential, refuse);
  if (unknown.length > 0 || !base || !credential) return nothing;
  const { mcp: _, ...own } = offer;
  const read = parseEntry(connectionSchema, { ...base, ...own, kind: 'mcp', credential }, path, text);
  // What is wrong with the connection is told at the connection.
  const theirs = Object.keys(base).filter((key) => !(key in own));
  const told = read.problems.filter(({ field }) => !theirs.some((key) => field.startsWith(fieldOf([...path, key]))));
  if (read.value === undefined || read.problems.length > 0) return { offer: null, problems: told };
  const connection = offeredConnection(personalId(name), read.value, text.lineOf(path));
  if (client === undefined) return { offer: { name, connection, grants: [] }, problems: [] };
  const { credential: kind, mcp } = connection;
  if (kind.kind !== 'bearer') {
    refuse(`stands beside oauth, which gives a bearer token: leave it out`, ['credential']);
    return nothing;
  }
  const oauth = serverOAuth(client, { name, url: mcp?.url ?? '' });
  if ('missing' in oauth) {
    refuse(oauth.missing, ['oauth']);
    return nothing;
  }
  const line = text.lineOf(path);
  return {
    offer: { name, connection, grants: [], oauth },
    client: clientConnection(name, oauth, client, line),
    problems: [],
  };
}

/** Where the server of that name is, as its connection says. */
function serverNamed(name: string, connections: unknown, refuse: OfferedServerPlace['refuse']): Entry | null {
  const all = Object.entries(isMapping(connections) ? connections : {});
  const servers = all.flatMap(([id, each]) => (isMapping(each) && each.kind === 'mcp' ? [[id, each] as const] : []));
  const found = servers.find(([id]) => id === name)?.[1];
  if (!found) {
    const near = didYouMean(
      name,
      servers.map(([id]) => id),
    );
    refuse(`no connection ${name} is an MCP server${near}: name one, or give a url and tools here`, ['mcp']);
    return null;
  }
  const { url, tools, addresses } = found;
  return { url, tools, ...(addresses !== undefined && { addresses }) };
}

function credentialOf(written: unknown, refuse: OfferedServerPlace['refuse']): Entry | null {
  const credential: Entry = written === undefined ? { kind: 'bearer' } : isMapping(written) ? written : {};
  if (!PASTED.includes(String(credential.kind))) {
    refuse(`must have a kind of a token that a person can paste: ${PASTED.join(', ')}`, ['credential']);
    return null;
  }
  const sources = ['fromEnv', 'fromFile', 'fromCommand'].filter((key) => credential[key] !== undefined);
  for (const key of sources) refuse('stands in an offer, whose token each person enters', ['credential', key]);
  return sources.length > 0 ? null : credential;
}

/** A connection that a person gets. Whose it is and its credential come when they connect it. */
export function offeredConnection(id: string, read: ConnectionEntry, line: number): Connection {
  const { source: _source, caFile: _caFile, line: _line, ...connection } = toConnection(id, read, () => line);
  return { ...connection, credentialVersion: NO_CREDENTIAL, ca: null };
}
