import type { AccessFile, FileConnection, SecretSource } from '../../access/access-file.ts';
import { type AccessDocument, type Connection, NO_CREDENTIAL } from '../../access/document.ts';
import type { FileProblem } from '../../access/parse-file/problem.ts';
import { offerOfClient } from '../../access/personal-access.ts';
import { bindingOf, bindingText } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import type { PublicKey } from '../../credentials/key-pair.ts';
import { seal } from '../../credentials/seal.ts';
import { secretExpiry } from '../../credentials/secret-text.ts';
import type { CredentialRecord, SealedCredential } from '../../store/credentials.ts';
import type { ReadSecret } from './read-secret.ts';

/** What happened to the credential of a connection. */
export interface CredentialOutcome {
  readonly connection: string;
  /** `missing`: the connection is in force without a credential, until somebody enters one. */
  readonly credential: 'sealed' | 'kept' | 'missing';
  /** Why it was kept, or is missing. */
  readonly note: string;
  /** Where the file says that the secret is. */
  readonly source: SecretSource['from'];
}

export interface SealedConnections {
  readonly connections: readonly Connection[];
  readonly sealed: readonly SealedCredential[];
  readonly outcomes: readonly CredentialOutcome[];
}

export interface SealInput {
  readonly file: AccessFile;
  readonly secrets: ReadonlyMap<string, ReadSecret>;
  /** PEM text of the authorities of the connections that name a file. */
  readonly authorities: ReadonlyMap<string, string>;
  /** The document in force, and the sealed credentials stored for it. */
  readonly current: AccessDocument;
  readonly stored: readonly CredentialRecord[];
  readonly publicKey: PublicKey;
  /** Version of the new policy. New credentials get the same version, so that no version is ever used twice. */
  readonly version: number;
}

/**
 * Seals every secret that can be read. When a secret cannot be read, the connection keeps its stored credential,
 * provided that this still opens: hosts, ports, use, authorities and key must be the same. A connection that names no
 * source may be without a credential. Otherwise nobody could enter one, because that needs the connection in force.
 */
export async function sealConnections(input: SealInput): Promise<SealedConnections | { problems: FileProblem[] }> {
  const problems: FileProblem[] = [];
  const connections: Connection[] = [];
  const sealed: SealedCredential[] = [];
  const outcomes: CredentialOutcome[] = [];
  for (const { source, line, caFile: _, ...rest } of input.file.connections) {
    const entry = { ...rest, ca: input.authorities.get(rest.id) ?? null };
    const outcome = { connection: entry.id, source: source.from };
    const read = input.secrets.get(entry.id) ?? { missing: 'it was not read' };
    if ('secret' in read) {
      const connection = { ...entry, credentialVersion: input.version };
      const result = await sealOne(connection, read.secret, input.publicKey);
      if ('problem' in result) problems.push({ line, field: fieldOf(entry.id, source), message: result.problem });
      else sealed.push(result);
      connections.push(connection);
      outcomes.push({ ...outcome, credential: 'sealed', note: '' });
    } else {
      const kept = storedVersion({ ...entry, credentialVersion: 0 }, input);
      if ('problem' in kept && source.from === 'stored') {
        connections.push({ ...entry, credentialVersion: NO_CREDENTIAL });
        outcomes.push({ ...outcome, credential: 'missing', note: kept.problem });
      } else if ('problem' in kept) {
        problems.push({ line, field: fieldOf(entry.id, source), message: `${read.missing}, and ${kept.problem}` });
      } else {
        connections.push({ ...entry, credentialVersion: kept.version, retiring: kept.retiring });
        outcomes.push({ ...outcome, credential: 'kept', note: read.missing });
      }
    }
  }
  return problems.length > 0 ? { problems } : { connections, sealed, outcomes };
}

/** Seals one secret for a connection, as the version that the connection names. */
export async function sealOne(
  connection: Connection,
  secret: string,
  publicKey: PublicKey,
): Promise<SealedCredential | { readonly problem: string }> {
  const { id, credentialVersion: version } = connection;
  try {
    const text = await seal(publicKey, bindingOf(connection), secret);
    const expiresAt = secretExpiry(connection.credential, secret);
    return { connection: id, version, keyId: publicKey.id, sealed: text, expiresAt };
  } catch (error) {
    if (isCredentialError(error)) return { problem: error.message };
    throw error;
  }
}

function storedVersion(
  connection: Connection,
  { current, stored, publicKey }: SealInput,
):
  | { readonly version: number; readonly retiring: NonNullable<Connection['retiring']> | null }
  | { readonly problem: string } {
  const before = current.connections.find(({ id }) => id === connection.id);
  const version = before?.credentialVersion;
  const record = stored.find((each) => each.connection === connection.id && each.version === version);
  if (!before || !record) return { problem: 'no credential is stored for this connection' };
  if (record.keyId !== publicKey.id) return { problem: 'the stored credential was sealed for another key' };
  const same = bindingText(bindingOf({ ...before, credentialVersion: 0 })) === bindingText(bindingOf(connection));
  if (!same) return { problem: 'the stored credential is bound to the hosts, ports and use it had before' };
  return { version: record.version, retiring: before.retiring ?? null };
}

/** The key in the file that names a source. */
export const SOURCE_FIELDS = { environment: 'fromEnv', file: 'fromFile', command: 'fromCommand' } as const;

function fieldOf(connection: string, source: FileConnection['source']): string {
  const offer = offerOfClient(connection);
  const field = offer === null ? `connections.${connection}.credential` : `people.offer.${offer}.oauth`;
  if (source.from === 'stored') return field;
  return `${field}.${SOURCE_FIELDS[source.from]}`;
}
