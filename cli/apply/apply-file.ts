import path from 'node:path';
import type { AccessFile } from '../../access/access-file.ts';
import { withConfirmed } from '../../access/channel-patterns.ts';
import { compareDocuments, type DocumentChange } from '../../access/compare-documents.ts';
import { parseAccessFile } from '../../access/parse-file/parse-access-file.ts';
import { byLine, type FileProblem } from '../../access/parse-file/problem.ts';
import { type DesiredSchedule, documentOf, resolveFile } from '../../access/resolve-file.ts';
import { runTests, testProblems } from '../../access/run-tests.ts';
import type { RegistryMirrors } from '../../contracts/registries.ts';
import { confirmedChannels, dropVerdictsBut } from '../../store/channel-verdicts.ts';
import { listChannels } from '../../store/channels.ts';
import { dropCredentials, listCredentials, storeCredential } from '../../store/credentials.ts';
import { type Database, inTransaction, type Queryable } from '../../store/database.ts';
import { changePolicy, type PolicyChange, type PolicyInForce } from '../../store/policy.ts';
import { replaceSchedules, type ScheduleChange } from '../../store/replace-schedules.ts';
import { installedKey, installedModelKey } from '../credentials/installed-key.ts';
import { ApplyError } from './apply-error.ts';
import { readAuthorities } from './read-authorities.ts';
import { readDockerfiles } from './read-dockerfiles.ts';
import { type ReadSecret, readSecret } from './read-secret.ts';
import { type CredentialOutcome, type SealInput, sealConnections } from './seal-connections.ts';
import { type SealedModels, sealModels } from './seal-models.ts';

export interface ApplyRequest {
  readonly database: Database;
  /** Path of the file, as errors show it. */
  readonly file: string;
  readonly text: string;
  /** Where the files are that it names. @default its own folder */
  readonly folder?: string;
  /** The environment that `fromEnv` refers to. */
  readonly environment: NodeJS.ProcessEnv;
  readonly appliedBy: string;
  readonly now: Date;
  /** Where packages come from on the operator's machine. @default the public hosts */
  readonly mirrors?: RegistryMirrors;
  /** Checks everything, secrets included, and changes nothing. */
  readonly dryRun: boolean;
  /** The policy that was in force when this file was planned. Another one in force now refuses the file. Null without a plan. */
  readonly plannedWith?: number | null;
}

export interface ApplyResult {
  readonly file: string;
  readonly dryRun: boolean;
  /** The version in force afterwards. After a dry run, the version that a real run would make. */
  readonly version: number;
  /** False when the file equals the policy in force. */
  readonly changed: boolean;
  readonly changes: readonly (DocumentChange | (ScheduleChange & { readonly kind: 'schedule' }))[];
  readonly credentials: readonly CredentialOutcome[];
  readonly schedules: readonly DesiredSchedule[];
  readonly warnings: readonly FileProblem[];
}

/**
 * Puts a file into force, completely or not at all: document, sealed credentials and schedules change in one
 * transaction. Two calls at once run one after the other, and the second is compared with the result of the first.
 *
 * @throws ApplyError with everything that is wrong with the file
 */
export async function applyFile(request: ApplyRequest): Promise<ApplyResult> {
  const parsed = parseAccessFile(request.text, request.now);
  if ('problems' in parsed) throw new ApplyError(request.file, parsed.problems);
  const { secrets, modelKeys } = await readSecrets(parsed.file, request);
  const { authorities, problems } = await readAuthorities(parsed.file, folderOf(request));
  const { file, problems: inDockerfiles } = await readDockerfiles(parsed.file, folderOf(request));
  const found = [...problems, ...inDockerfiles].sort(byLine);
  if (found.length > 0) throw new ApplyError(request.file, found);
  return inTransaction(request.database, async (tx) => {
    await tx.query('savepoint before');
    const replaced = await changePolicy(tx, (inForce) =>
      replacePolicy(tx, file, { inForce, secrets, modelKeys, authorities }, request),
    );
    const result = { ...replaced, warnings: parsed.warnings };
    if (request.dryRun || !result.changed) await tx.query('rollback to savepoint before');
    return result;
  });
}

interface ReadSecrets {
  /** Of connections. */
  readonly secrets: ReadonlyMap<string, ReadSecret>;
  readonly modelKeys: ReadonlyMap<string, ReadSecret>;
}

async function readSecrets(file: AccessFile, request: ApplyRequest): Promise<ReadSecrets> {
  const from = { environment: request.environment, folder: folderOf(request) };
  const secrets = new Map<string, ReadSecret>();
  for (const { id, source } of file.connections) secrets.set(id, await readSecret(source, from));
  const modelKeys = new Map<string, ReadSecret>();
  for (const { name, source } of file.models ?? []) if (source) modelKeys.set(name, await readSecret(source, from));
  return { secrets, modelKeys };
}

function folderOf({ file, folder }: ApplyRequest): string {
  return path.resolve(folder ?? path.dirname(file));
}

async function replacePolicy(
  tx: Queryable,
  file: AccessFile,
  {
    inForce,
    modelKeys,
    ...read
  }: Pick<SealInput, 'secrets' | 'authorities'> & ReadSecrets & { inForce: PolicyInForce },
  request: ApplyRequest,
): Promise<PolicyChange<Omit<ApplyResult, 'warnings'>>> {
  const { current, version } = inForce;
  const resolved = resolveFile(file, await listChannels(tx));
  const stored = await listCredentials(tx);
  const sealed = await sealConnections({ file, ...read, current, stored, publicKey: await installedKey(tx), version });
  const models = await sealFileModels(tx, file, { secrets: modelKeys, current, stored, version });
  const problems = [resolved, sealed, models].flatMap((each) => ('problems' in each ? each.problems : []));
  if ('problems' in resolved || 'problems' in sealed || 'problems' in models)
    throw new ApplyError(request.file, problems.sort(byLine));
  const { plannedWith = null } = request;
  if (plannedWith !== null && plannedWith !== current.version)
    throw changedSince(request.file, plannedWith, current.version);

  const { connections } = sealed;
  const document = documentOf(file, resolved, {
    version,
    connections,
    ...(models.models.length > 0 && { models: models.models }),
    mirrors: request.mirrors ?? {},
  });
  const failed = testProblems(runTests(resolved.tests, withConfirmed(document, await confirmedChannels(tx))));
  if (failed.length > 0) throw new ApplyError(request.file, failed);
  const changes = compareDocuments(current, document);
  const scheduleChanges = await replaceSchedules(tx, resolved.schedules, version);
  const newlySealed = [...sealed.sealed, ...models.sealed];
  const changed = changes.length + scheduleChanges.length + newlySealed.length > 0;
  if (changed) {
    for (const credential of newlySealed) await storeCredential(tx, credential);
    await dropCredentials(tx, { current: document, previous: current });
    await dropVerdictsBut(
      tx,
      file.patterns.map(({ pattern }) => pattern),
    );
  }
  const result = {
    file: request.file,
    dryRun: request.dryRun,
    version: changed ? version : current.version,
    changed,
    changes: [...changes, ...scheduleChanges.map((change) => ({ ...change, kind: 'schedule' as const }))],
    credentials: [...sealed.outcomes, ...models.outcomes],
    schedules: resolved.schedules,
  };
  return { next: changed ? { document, source: request.text, appliedBy: request.appliedBy } : null, result };
}

/** A file without models needs no key for them. */
async function sealFileModels(
  tx: Queryable,
  { models = [] }: AccessFile,
  input: Omit<Parameters<typeof sealModels>[0], 'models' | 'publicKey'>,
): Promise<SealedModels | { problems: FileProblem[] }> {
  if (models.every(({ source }) => source === null)) {
    return {
      models: models.map(({ source: _, ...model }) => ({ ...model, keyVersion: null })),
      sealed: [],
      outcomes: [],
    };
  }
  return sealModels({ ...input, models, publicKey: await installedModelKey(tx) });
}

function changedSince(file: string, planned: number, version: number): ApplyError {
  const message = `was planned with policy ${planned}, and policy ${version} is in force now: run \`bellhop plan\` again`;
  return new ApplyError(file, [{ line: 1, field: '', message }]);
}
