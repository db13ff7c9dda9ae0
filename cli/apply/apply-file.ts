import path from 'node:path';
import type { AccessFile } from '../../access/access-file.ts';
import { compareDocuments, type DocumentChange } from '../../access/compare-documents.ts';
import type { AccessDocument } from '../../access/document.ts';
import { parseAccessFile } from '../../access/parse-file/parse-access-file.ts';
import { byLine, type FileProblem } from '../../access/parse-file/problem.ts';
import { type DesiredSchedule, resolveFile } from '../../access/resolve-file.ts';
import { type PublicKey, publicKeyOf } from '../../credentials/key-pair.ts';
import { listChannels } from '../../store/channels.ts';
import { dropCredentials, installationKey, listCredentials, storeCredential } from '../../store/credentials.ts';
import { type Database, inTransaction, type Queryable } from '../../store/database.ts';
import { currentPolicy, lockPolicy, storePolicy } from '../../store/policy.ts';
import { replaceSchedules, type ScheduleChange } from '../../store/replace-schedules.ts';
import { ApplyError } from './apply-error.ts';
import { type ReadSecret, readSecret } from './read-secret.ts';
import { type CredentialOutcome, sealConnections } from './seal-connections.ts';

export interface ApplyRequest {
  readonly database: Database;
  /** Path of the file; errors name it so. */
  readonly file: string;
  readonly text: string;
  /** Where `fromEnv` is read. */
  readonly environment: NodeJS.ProcessEnv;
  readonly appliedBy: string;
  readonly now: Date;
  /** Checks everything, secrets included, and changes nothing. */
  readonly dryRun: boolean;
}

export interface ApplyResult {
  readonly file: string;
  readonly dryRun: boolean;
  /** The version in force afterwards; of a dry run, the one it would be. */
  readonly version: number;
  /** False when the file says what is in force already. */
  readonly changed: boolean;
  readonly changes: readonly (DocumentChange | (ScheduleChange & { readonly kind: 'schedule' }))[];
  readonly credentials: readonly CredentialOutcome[];
  readonly schedules: readonly DesiredSchedule[];
  readonly warnings: readonly FileProblem[];
}

/**
 * Makes a file the policy in force, all of it or nothing: document, sealed credentials and schedules change in one
 * transaction. Of two that come together, the second is compared with what the first made.
 *
 * @throws ApplyError with everything that is wrong with the file
 */
export async function applyFile(request: ApplyRequest): Promise<ApplyResult> {
  const parsed = parseAccessFile(request.text, request.now);
  if ('problems' in parsed) throw new ApplyError(request.file, parsed.problems);
  const secrets = await readSecrets(parsed.file, request);
  return inTransaction(request.database, async (tx) => {
    await lockPolicy(tx);
    await tx.query('savepoint before');
    const result = { ...(await replacePolicy(tx, parsed.file, secrets, request)), warnings: parsed.warnings };
    if (request.dryRun || !result.changed) await tx.query('rollback to savepoint before');
    return result;
  });
}

async function readSecrets(file: AccessFile, request: ApplyRequest): Promise<Map<string, ReadSecret>> {
  const from = { environment: request.environment, folder: path.dirname(path.resolve(request.file)) };
  const secrets = new Map<string, ReadSecret>();
  for (const { id, source } of file.connections) secrets.set(id, await readSecret(source, from));
  return secrets;
}

async function replacePolicy(
  tx: Queryable,
  file: AccessFile,
  secrets: ReadonlyMap<string, ReadSecret>,
  request: ApplyRequest,
): Promise<Omit<ApplyResult, 'warnings'>> {
  const current = await currentPolicy(tx);
  const version = current.version + 1;
  const resolved = resolveFile(file, await listChannels(tx));
  const stored = await listCredentials(tx);
  const sealed = await sealConnections({ file, secrets, current, stored, publicKey: await publicKey(tx), version });
  const problems = [
    ...('problems' in resolved ? resolved.problems : []),
    ...('problems' in sealed ? sealed.problems : []),
  ];
  if ('problems' in resolved || 'problems' in sealed) throw new ApplyError(request.file, problems.sort(byLine));

  const { bundles, guardrails } = file;
  const { connections } = sealed;
  const document: AccessDocument = { version, bundles, connections, guardrails, scopes: resolved.scopes };
  const changes = compareDocuments(current, document);
  const scheduleChanges = await replaceSchedules(tx, resolved.schedules, version);
  const changed = changes.length + scheduleChanges.length + sealed.sealed.length > 0;
  if (changed) {
    for (const credential of sealed.sealed) await storeCredential(tx, credential);
    await dropCredentials(tx, { current: versionsOf(document), previous: versionsOf(current) });
    await storePolicy(tx, { document, source: request.text, appliedBy: request.appliedBy });
  }
  return {
    file: request.file,
    dryRun: request.dryRun,
    version: changed ? version : current.version,
    changed,
    changes: [...changes, ...scheduleChanges.map((change) => ({ ...change, kind: 'schedule' as const }))],
    credentials: sealed.outcomes,
    schedules: resolved.schedules,
  };
}

async function publicKey(tx: Queryable): Promise<PublicKey> {
  const key = await installationKey(tx);
  if (!key) throw new Error('this installation has no key yet: `bellhop up` makes it at the first start');
  return publicKeyOf(Buffer.from(key.publicKey, 'base64'));
}

function versionsOf({ connections }: AccessDocument): Map<string, number> {
  return new Map(connections.map(({ id, credentialVersion }) => [id, credentialVersion]));
}
