import path from 'node:path';
import type { AccessFile } from '../../access/access-file.ts';
import { withConfirmed, withPatterns } from '../../access/channel-patterns.ts';
import { compareDocuments, type DocumentChange } from '../../access/compare-documents.ts';
import type { AccessDocument, NamedModel } from '../../access/document.ts';
import { compareEnvironments, type EnvironmentChange } from '../../access/environments/compare-environments.ts';
import { withMixed } from '../../access/outsiders.ts';
import { parseAccessFile } from '../../access/parse-file/parse-access-file.ts';
import { byLine, type FileProblem } from '../../access/parse-file/problem.ts';
import { compareReach, type ScopeReach } from '../../access/reach.ts';
import { type RecordedRequest, type ReplayedChange, replay } from '../../access/replay.ts';
import { documentOf, resolveFile } from '../../access/resolve-file.ts';
import { runTests, type TestResult } from '../../access/run-tests.ts';
import type { RegistryMirrors } from '../../contracts/registries.ts';
import { confirmedChannels } from '../../store/channel-verdicts.ts';
import { listChannels } from '../../store/channels.ts';
import { type Database, inTransaction, type Queryable } from '../../store/database.ts';
import { judgedRequestsSince } from '../../store/egress-events.ts';
import { knownServers, waitingDefinitions } from '../../store/mcp-servers.ts';
import { mixedChannels } from '../../store/mixed-channels.ts';
import { currentPolicy } from '../../store/policy.ts';
import { ApplyError } from '../apply/apply-error.ts';
import { readAuthorities } from '../apply/read-authorities.ts';
import { readDockerfiles } from '../apply/read-dockerfiles.ts';
import { isCallable, ruleOn } from '../connections/describe-connection.ts';

export interface PlanRequest {
  readonly database: Database;
  /** Path of the file, as errors show it. */
  readonly file: string;
  readonly text: string;
  /** Where the files are that it names. @default its own folder */
  readonly folder?: string;
  readonly now: Date;
  /** Where packages come from on the operator's machine. @default the public hosts */
  readonly mirrors?: RegistryMirrors;
  /** Judge the requests that were recorded since then. Null judges none. */
  readonly replaySince: Date | null;
}

export interface Plan {
  readonly file: string;
  /** The policy in force, with which the file was compared. */
  readonly version: number;
  /** Scopes whose reach would grow come first. */
  readonly reach: readonly ScopeReach[];
  /** Scopes whose sandboxes would be made otherwise. */
  readonly environments: readonly EnvironmentChange[];
  readonly changes: readonly DocumentChange[];
  readonly tests: readonly TestResult[];
  /** Tools of MCP servers that the file allows, and that wait for an administrator. */
  readonly waiting: readonly WaitingTools[];
  /** Null without a replay. */
  readonly replayed: { readonly requests: number; readonly changes: readonly ReplayedChange[] } | null;
  readonly warnings: readonly FileProblem[];
}

export interface WaitingTools {
  readonly connection: string;
  readonly tools: readonly { readonly name: string; readonly state: 'new' | 'changed' }[];
}

/**
 * Says what `bellhop apply` would change, and changes nothing. It reads no secret, so a reviewer needs none.
 *
 * @throws ApplyError with everything that is wrong with the file. A test that fails is no such problem: it is in the plan.
 */
export async function planFile(request: PlanRequest): Promise<Plan> {
  const parsed = parseAccessFile(request.text, request.now);
  if ('problems' in parsed) throw new ApplyError(request.file, parsed.problems);
  const { warnings } = parsed;
  const folder = path.resolve(request.folder ?? path.dirname(request.file));
  const { authorities, problems } = await readAuthorities(parsed.file, folder);
  const { file, problems: inDockerfiles } = await readDockerfiles(parsed.file, folder);
  const found = [...problems, ...inDockerfiles].sort(byLine);
  if (found.length > 0) throw new ApplyError(request.file, found);

  // Comparing the reach of ten thousand channels takes seconds, and a transaction that is silent for so long is ended. Therefore
  // everything is read first and compared afterwards.
  const { current, channels, confirmed, mixed, recorded, waiting } = await inTransaction(
    request.database,
    async (tx) => ({
      current: await currentPolicy(tx),
      channels: await listChannels(tx),
      confirmed: await confirmedChannels(tx),
      mixed: await mixedChannels(tx),
      recorded: request.replaySince ? await judgedRequestsSince(tx, request.replaySince) : null,
      waiting: await waitingTools(tx, file),
    }),
  );
  const resolved = resolveFile(file, channels);
  if ('problems' in resolved) throw new ApplyError(request.file, resolved.problems);
  const connections = file.connections.map(({ source: _source, caFile: _caFile, line: _line, ...connection }) => ({
    ...connection,
    ca: authorities.get(connection.id) ?? null,
    credentialVersion: current.connections.find(({ id }) => id === connection.id)?.credentialVersion ?? 0,
  }));
  const planned = withConfirmed(
    documentOf(file, resolved, {
      version: current.version + 1,
      connections,
      models: plannedModels(file, current),
      mirrors: request.mirrors ?? {},
    }),
    confirmed,
  );
  // Who is in a channel today says what it reaches today. Tests and a replay ask what the file says.
  const [before, after] = [withPatterns(current), withMixed(withPatterns(planned), mixed)];
  return {
    file: request.file,
    version: current.version,
    reach: compareReach(before, after),
    environments: compareEnvironments(before, after),
    changes: compareDocuments(current, planned),
    tests: runTests(resolved.tests, planned),
    waiting,
    replayed: recorded && replayed(recorded, planned),
    warnings,
  };
}

function plannedModels({ models = [] }: AccessFile, current: AccessDocument): NamedModel[] {
  const versions = new Map(current.models?.map(({ name, keyVersion }) => [name, keyVersion]));
  return models.map(({ source, ...model }) => ({
    ...model,
    keyVersion: source === null ? null : (versions.get(model.name) ?? 0),
  }));
}

/** With another address it is another server, whose first list is approved. */
async function waitingTools(db: Queryable, file: AccessFile): Promise<WaitingTools[]> {
  return [...(await waitingOfFile(db, file)), ...(await waitingOfPeople(db, file))];
}

async function waitingOfPeople(db: Queryable, { people }: AccessFile): Promise<WaitingTools[]> {
  const all: WaitingTools[] = [];
  for (const { connection } of people?.offers ?? []) {
    const { mcp, id } = connection;
    if (!mcp) continue;
    const waiting = (await waitingDefinitions(db, id)).filter(({ name }) => isCallable(ruleOn(name, mcp.tools)));
    if (waiting.length > 0) all.push({ connection: id, tools: waiting.map(({ name }) => ({ name, state: 'new' })) });
  }
  return all;
}

async function waitingOfFile(db: Queryable, { connections }: AccessFile): Promise<WaitingTools[]> {
  const servers = new Map(connections.flatMap(({ id, mcp }) => (mcp ? [[id, mcp] as const] : [])));
  const known = await knownServers(db, [...servers.keys()]);
  return known.flatMap(({ connection, url, tools }) => {
    const server = servers.get(connection);
    if (server?.url !== url) return [];
    const waiting = tools.flatMap(({ name, state }) =>
      state !== 'approved' && isCallable(ruleOn(name, server.tools)) ? [{ name, state }] : [],
    );
    return waiting.length === 0 ? [] : [{ connection, tools: waiting }];
  });
}

function replayed(recorded: readonly RecordedRequest[], planned: AccessDocument): Plan['replayed'] {
  return {
    requests: recorded.reduce((sum, { requests }) => sum + requests, 0),
    changes: replay(recorded, planned),
  };
}
