import type { AccessFile, FileConnection } from '../../access/access-file.ts';
import type { AccessDocument, Connection } from '../../access/document.ts';
import type { FileProblem } from '../../access/parse-file/problem.ts';
import { bindingOf, bindingText } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import type { PublicKey } from '../../credentials/key-pair.ts';
import { seal } from '../../credentials/seal.ts';
import type { CredentialRecord, SealedCredential } from '../../store/credentials.ts';
import type { ReadSecret } from './read-secret.ts';

/** What became of the credential of a connection. */
export interface CredentialOutcome {
  readonly connection: string;
  readonly credential: 'sealed' | 'kept';
  /** Why it was kept. */
  readonly note: string;
}

export interface SealedConnections {
  readonly connections: readonly Connection[];
  readonly sealed: readonly SealedCredential[];
  readonly outcomes: readonly CredentialOutcome[];
}

export interface SealInput {
  readonly file: AccessFile;
  readonly secrets: ReadonlyMap<string, ReadSecret>;
  /** The document in force, and what is stored for it. */
  readonly current: AccessDocument;
  readonly stored: readonly CredentialRecord[];
  readonly publicKey: PublicKey;
  /** Version of the policy that is being made. Credentials take it as theirs, so that none is ever used twice. */
  readonly version: number;
}

/**
 * Seals every secret that can be read, and keeps the stored credential of a connection whose secret cannot, as long as
 * it still opens: same hosts, ports, kind and placement, and the same key.
 */
export async function sealConnections(input: SealInput): Promise<SealedConnections | { problems: FileProblem[] }> {
  const problems: FileProblem[] = [];
  const connections: Connection[] = [];
  const sealed: SealedCredential[] = [];
  const outcomes: CredentialOutcome[] = [];
  for (const { source, line, ...entry } of input.file.connections) {
    const read = input.secrets.get(entry.id) ?? { missing: 'it was not read' };
    if ('secret' in read) {
      const connection = { ...entry, credentialVersion: input.version };
      const result = await sealOne(connection, read.secret, input.publicKey);
      if ('problem' in result) problems.push({ line, field: fieldOf(entry.id, source), message: result.problem });
      else sealed.push(result);
      connections.push(connection);
      outcomes.push({ connection: entry.id, credential: 'sealed', note: '' });
    } else {
      const kept = storedVersion({ ...entry, credentialVersion: 0 }, input);
      if ('problem' in kept) {
        problems.push({ line, field: fieldOf(entry.id, source), message: `${read.missing}, and ${kept.problem}` });
      } else {
        connections.push({ ...entry, credentialVersion: kept.version });
        outcomes.push({ connection: entry.id, credential: 'kept', note: read.missing });
      }
    }
  }
  return problems.length > 0 ? { problems } : { connections, sealed, outcomes };
}

async function sealOne(
  connection: Connection,
  secret: string,
  publicKey: PublicKey,
): Promise<SealedCredential | { readonly problem: string }> {
  const { id, credentialVersion: version } = connection;
  try {
    const text = await seal(publicKey, bindingOf(connection), secret);
    return { connection: id, version, keyId: publicKey.id, sealed: text };
  } catch (error) {
    if (isCredentialError(error)) return { problem: error.message };
    throw error;
  }
}

function storedVersion(
  connection: Connection,
  { current, stored, publicKey }: SealInput,
): { readonly version: number } | { readonly problem: string } {
  const before = current.connections.find(({ id }) => id === connection.id);
  const version = before?.credentialVersion;
  const record = stored.find((each) => each.connection === connection.id && each.version === version);
  if (!before || !record) return { problem: 'no credential is stored for this connection' };
  if (record.keyId !== publicKey.id) return { problem: 'the stored credential was sealed for another key' };
  const same = bindingText(bindingOf({ ...before, credentialVersion: 0 })) === bindingText(bindingOf(connection));
  if (!same) return { problem: 'the stored credential is bound to the host, port and placement it had before' };
  return { version: record.version };
}

function fieldOf(connection: string, source: FileConnection['source']): string {
  const field = `connections.${connection}.credential`;
  if (source.from === 'stored') return field;
  return `${field}.${source.from === 'environment' ? 'fromEnv' : 'fromFile'}`;
}
