import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createBeginning } from '../../../../activities/begin-turn.ts';
import { createCallModel } from '../../../../activities/call-model.ts';
import { createEnding } from '../../../../activities/end-turn.ts';
import { createShowProgress } from '../../../../activities/progress.ts';
import { createPostedFiles } from '../../../../activities/run-tool.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../../activities/settings.ts';
import { ModelError } from '../../../../agent/errors.ts';
import { placeIncomingFiles } from '../../../../agent/incoming-files.ts';
import { runToolStep } from '../../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../../agent/tools/registry.ts';
import type { SandboxPort } from '../../../../agent/tools/sandbox-port.ts';
import { createTranscriptCache } from '../../../../agent/transcript/transcript-cache.ts';
import type { BeginTurnInput } from '../../../../contracts/activities.ts';
import type { SessionId } from '../../../../contracts/ids.ts';
import type { Database } from '../../../../store/database.ts';
import { holdConnections } from '../../activities/support/held-database.ts';
import { answering, scriptedModel, text } from './scripted-model.ts';

const noServer = () => Promise.reject(new Error('no MCP server is here'));

const settings = DEFAULT_SESSION_SETTINGS;

export function asking(session: SessionId, run: number, count = 1, after = 0): BeginTurnInput {
  return { session, fence: { run, count }, after, stoppedUpTo: null };
}

export function activitiesOn(database: Database) {
  return { ...createBeginning({ database, settings }), ...createEnding({ database }) };
}

export function callModelOn(database: Database, model = scriptedModel([answering([text('hello')])])) {
  return createCallModel({
    database,
    model,
    settings,
    tools: createToolRegistry(),
    transcripts: createTranscriptCache(),
    prompt: { name: 'bellhop' },
    clock: Date.now,
    show: createShowProgress(database),
    log: { warn: () => undefined } as never,
  });
}

/** Everything that is stored of a session, by table. */
export async function everythingOf(database: Database, session: SessionId): Promise<Record<string, unknown>> {
  const tables = ['turn', 'step', 'transcript', 'outbox', 'inbox', 'file', 'access_snapshot', 'model_usage', 'sandbox'];
  const stored: Record<string, unknown> = {};
  for (const table of tables) {
    stored[table] = (
      await database.query(`select * from ${table} where session = $1 order by 1, 2, 3`, [session])
    ).rows;
  }
  stored.session = (await database.query('select * from session where id = $1', [session])).rows;
  return stored;
}

/** A model that says when it was asked and answers when it is told to. */
function slowModel(end: () => ReturnType<ReturnType<typeof answering>>) {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const model = scriptedModel([answering([text('never')])]);
  const slow = {
    ...model,
    async call() {
      asked.resolve();
      await gate.promise;
      return end();
    },
  };
  return { model: slow as never, reached: asked.promise, release: gate.resolve };
}

export interface Late {
  /** What the attempt returns or throws in the end. */
  readonly done: Promise<unknown>;
  readonly reached: Promise<void>;
  readonly release: () => void;
}

/** Starts an attempt of an older turn that is frozen before its first statement. */
function frozen(database: Database, work: (held: Database) => Promise<unknown>): Late {
  const held = holdConnections(database);
  return { ...held, done: inActivity(() => work(held.database)) };
}

export function inActivity<T>(work: () => Promise<T>): Promise<T> {
  return new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') }).run(work);
}

function slow(end: Parameters<typeof slowModel>[0], work: (model: never) => Promise<unknown>): Late {
  const held = slowModel(end);
  return { ...held, done: inActivity(() => work(held.model)) };
}

/** A tool whose sandbox answers when it is told to. */
export function slowTool(database: Database, session: SessionId): Late {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const sandbox: SandboxPort = {
    async runStep() {
      asked.resolve();
      await gate.promise;
      return { exitCode: 0, output: Buffer.from('late'), outputBytes: 4, timedOut: false, durationMs: 1 };
    },
    readFile: async () => Buffer.from('x'),
    writeFile: async () => undefined,
    openPiped: () => Promise.reject(new Error('nothing is piped')),
  };
  const done = toolOn(database, session, sandbox);
  return { done, reached: asked.promise, release: gate.resolve };
}

export function toolOn(database: Database, session: SessionId, sandbox = {} as SandboxPort): Promise<unknown> {
  const deps = {
    database,
    tools: createToolRegistry(),
    files: createPostedFiles(database),
    mcp: { call: noServer, start: noServer },
  };
  const { signal } = new AbortController();
  return runToolStep(deps, { session, turn: 1, step: 2, sandbox, sandboxId: 'old', signal });
}

const scope = 'channel:T1:C1';

/** Attempts of turn 1 that are frozen somewhere, by what they do. */
export const LATE_ATTEMPTS: readonly [string, (database: Database, session: SessionId) => Late][] = [
  ['beginTurn', (database, session) => frozen(database, (held) => activitiesOn(held).beginTurn(asking(session, 1)))],
  [
    'beginTurn, of an asking that nobody heard of,',
    (database, session) => frozen(database, (held) => activitiesOn(held).beginTurn(asking(session, 1, 2, 1))),
  ],
  [
    'endTurn',
    (database, session) =>
      frozen(database, (held) => activitiesOn(held).endTurn({ session, turn: 1, ending: 'answered' })),
  ],
  [
    'endTurn of a failed turn',
    (database, session) =>
      frozen(database, (held) =>
        activitiesOn(held).endTurn({ session, turn: 1, ending: 'failed', failure: 'Internal' }),
      ),
  ],
  [
    'settleTools',
    (database, session) =>
      frozen(database, (held) => activitiesOn(held).settleTools({ session, turn: 1, reason: 'stopped', by: 'U9' })),
  ],
  [
    'resolveScopeAccess',
    (database, session) =>
      frozen(database, (held) => activitiesOn(held).resolveScopeAccess({ session, turn: 1, scope })),
  ],
  [
    'noteSession',
    (database, session) =>
      frozen(database, (held) =>
        activitiesOn(held).noteSession({ session, fence: { run: 1, count: 1 }, state: 'closed' }),
      ),
  ],
  [
    'callModel, before it claims messages,',
    (database, session) => frozen(database, (held) => callModelOn(held)({ session, turn: 1, step: 3 })),
  ],
  [
    'callModel, with its answer,',
    (database, session) =>
      slow(answering([text('late')]), (model) => callModelOn(database, model)({ session, turn: 1, step: 3 })),
  ],
  [
    'callModel, with its failure,',
    (database, session) =>
      slow(
        () => {
          throw new ModelError('ModelUnavailable', 'away');
        },
        (model) => callModelOn(database, model)({ session, turn: 1, step: 3 }),
      ),
  ],
  ['runTool, before it starts,', (database, session) => frozen(database, (held) => toolOn(held, session))],
  ['runTool, with its result,', (database, session) => slowTool(database, session)],
  [
    'a posted file',
    (database, session) =>
      frozen(database, (held) =>
        createPostedFiles(held).put({ session, turn: 1, step: 2, name: 'f', title: null, bytes: Buffer.from('x') }),
      ),
  ],
  [
    'an attached file that is placed',
    (database, session) =>
      frozen(database, (held) => {
        const sandbox = { writeFile: async () => undefined } as unknown as SandboxPort;
        const { signal } = new AbortController();
        return placeIncomingFiles(held, { session, turn: 1, sandbox, sandboxId: 'old', signal });
      }),
  ],
  [
    'a live line',
    (database, session) =>
      frozen(database, (held) => createShowProgress(held)({ session, turn: 1, step: 9, what: 'thinking' })),
  ],
];
