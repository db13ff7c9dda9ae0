import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { containersOf, docker } from '../../../support/installation/containers.ts';
import type { Installation } from '../../../support/installation/installation.ts';
import type { Place } from './renderings.ts';

const run = promisify(execFile);
const LARGEST = 512 * 1024 * 1024;

/** Every row of every table as PostgreSQL writes it; bytes come in hex. */
export async function databaseRows({ database }: Pick<Installation, 'database'>): Promise<Place[]> {
  const { rows: tables } = await database.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema')`,
  );
  return Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await database.query<{ row: string }>(`select whole::text as row from ${name} whole`);
      return place(`table ${name}`, rows.map(({ row }) => row).join('\n'));
    }),
  );
}

/** The history of every workflow, as JSON and once more with its payloads decoded. */
export async function workflowHistories({
  temporal,
}: {
  temporal: Pick<Installation['temporal'], 'client'>;
}): Promise<Place[]> {
  const places: Place[] = [];
  for await (const { workflowId, runId } of temporal.client.workflow.list()) {
    const history = await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const decoded: string[] = [];
    const json = JSON.stringify(history, (_key, value: unknown) => {
      const bytes = bytesOf(value);
      if (!bytes) return value;
      decoded.push(bytes.toString('utf8'));
      return bytes.toString('base64');
    });
    places.push(place(`history ${workflowId}`, `${json}\n${decoded.join('\n')}`));
  }
  return places;
}

/** Buffers have a JSON form of their own, which is what a replacer is given. */
function bytesOf(value: unknown): Buffer | null {
  if (value instanceof Uint8Array) return Buffer.from(value);
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return isBuffer && 'data' in value ? Buffer.from(value.data as number[]) : null;
}

/** What the engine tells about each container. */
export async function inspectedContainers({ id }: Pick<Installation, 'id'>): Promise<Place[]> {
  const names = await containersOf(id);
  return Promise.all(names.map(async (name) => place(`inspect ${name}`, await docker('inspect', name))));
}

/** Workspaces and temporary folders of the sandboxes, as archives without compression. */
export async function sandboxFiles({ id }: Installation): Promise<Place[]> {
  const names = await containersOf(id);
  return Promise.all(
    names.map(async (name) => {
      const folders = ['/workspace', '/tmp', '/run/steps', '/run/bellhop', '/run/boot'];
      const user = await docker('exec', name, 'stat', '-c', '%u', '/run/steps');
      const { stdout } = await run(
        'docker',
        ['exec', '-u', user, name, 'tar', '--ignore-failed-read', '--sparse', '-cf', '-', ...folders],
        { encoding: 'buffer', maxBuffer: LARGEST },
      );
      return { name: `files of ${name}`, bytes: stdout };
    }),
  );
}

/** Environment and command line of every process of this machine, no matter whose it is. */
export async function machineProcesses(): Promise<Place[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(
    pids.flatMap((pid) =>
      ['environ', 'cmdline'].map(async (what) => {
        // Gone meanwhile.
        const bytes = await readFile(`/proc/${pid}/${what}`).catch(() => Buffer.alloc(0));
        return { name: `${what} of ${pid}`, bytes };
      }),
    ),
  );
  return places.filter(({ bytes }) => bytes.length > 0);
}

/** Every regular file below the installation's home: state of the proxy, spool, Temporal's database, the operator's file. */
export async function homeFiles({ home }: Pick<Installation, 'home'>): Promise<Place[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  // Gone meanwhile, as a database's temporary files are.
  const contentOf = (name: string) => readFile(name).catch(() => Buffer.alloc(0));
  return Promise.all(files.map(async (name) => ({ name, bytes: await contentOf(name) })));
}

/** Everything the processes wrote. */
export function processOutputs({ processes }: Installation): Place[] {
  return Object.values(processes).map((worker) => place(`output of ${worker.name}`, worker.output()));
}

/** What Slack has and was told, files included. */
export async function slackState({ slack }: Installation): Promise<Place[]> {
  const [state, calls, deliveries] = await Promise.all([slack.state(), slack.calls(), slack.deliveries()]);
  const world = JSON.stringify([...slack.simulator.world.messages.values()]);
  return [
    place('state of Slack', JSON.stringify(state) + world),
    place('calls to Slack', JSON.stringify(calls)),
    place('deliveries by Slack', JSON.stringify(deliveries)),
  ];
}

/** What the model was told. */
export function modelCalls({ model }: Installation): Place[] {
  return [place('calls to the model', JSON.stringify(model.calls))];
}

function place(name: string, text: string): Place {
  return { name, bytes: Buffer.from(text) };
}
