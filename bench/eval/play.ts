import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Installation } from '../../test/support/installation/installation.ts';
import { sessionOf, waitForTurn } from '../../test/support/installation/turns.ts';
import type { SimMessage } from '../../test/support/slack-simulator.ts';
import { until } from '../../test/support/until.ts';
import type { Seen, Task } from './task.ts';

const run = promisify(execFile);
/** The small line below an answer: `2 tool calls · 4 s`. */
const FOOTER = /^.*\b\d+ tool calls? · .*$/gm;

/** Plays a task on a whole Bellhop and looks at it from outside. @param withinMs for each turn */
export async function play(bellhop: Installation, task: Task, withinMs: number): Promise<Seen> {
  const { slack } = bellhop;
  const { channel = '#platform-eng', as = 'ada', before = [], files = [], asks } = task;
  const repository = path.join(bellhop.home, 'acme', 'forge', 'repositories', 'acme', 'shop.git');
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', ['-C', repository, '-c', 'safe.directory=*', ...args])).stdout.trim();
  const branches = async () => (await git('branch', '--format=%(refname:short)')).split('\n').filter(Boolean);
  const began = new Date().toISOString();
  const [main, branchesBefore, pullsBefore] = [
    await git('rev-parse', 'main'),
    await branches(),
    await pullsOf(bellhop),
  ];

  let root: SimMessage | undefined;
  for (const said of before) {
    const posted = await slack.post(said.as, channel, said.text, root ? { threadTs: root.ts } : {});
    root ??= posted;
  }
  const asked: SimMessage[] = [];
  const endings: string[] = [];
  for (const [index, text] of asks.entries()) {
    const message = await slack.post(as, channel, text, {
      ...(root && { threadTs: root.ts }),
      ...(index === 0 && files.length > 0 && { files }),
    });
    root ??= message;
    asked.push(message);
    endings.push((await waitForTurn(bellhop, root, index + 1, withinMs)).state);
    // The answer is in Slack when the outbox has nothing more to say there.
    await until(() => hasSaidAll(bellhop, message), 'what was said to be in Slack', 30_000);
  }
  if (!root) throw new Error(`the task ${task.name} asks nothing`);

  const thread = (await slack.answers(root)).filter(({ deleted }) => !deleted);
  const posted = thread.flatMap((message) => message.files);
  const session = sessionOf(root);
  const tools = await bellhop.database.query<{ turn: number; tools: number }>(
    "select turn, count(*)::int as tools from step where session = $1 and kind = 'tool' group by turn",
    [session],
  );
  const egress = await bellhop.database.query<Seen['egress'][number]>(
    'select method, host, path, outcome from egress_event where session = $1 order by at',
    [session],
  );
  const branchesAfter = await branches();
  const pulls = await pullsOf(bellhop);
  return {
    answers: asked.map(({ ts }, index) => answerBetween(thread, ts, asked[index + 1]?.ts)),
    endings,
    files: await Promise.all(posted.map(async ({ id, name }) => ({ name, bytes: await slack.file(id) }))),
    tools: asks.map((_, index) => tools.rows.find(({ turn }) => turn === index + 1)?.tools ?? 0),
    origin: (await sightingsOf(bellhop)).filter(({ at }) => at >= began),
    egress: egress.rows,
    repository: {
      mainMoved: (await git('rev-parse', 'main')) !== main,
      newBranches: branchesAfter.filter((name) => !branchesBefore.includes(name)),
      newPulls: pulls.slice(pullsBefore.length),
      file: (branch, name) => git('show', `${branch}:${name}`).catch(() => ''),
    },
  };
}

async function hasSaidAll({ database }: Installation, message: SimMessage): Promise<boolean> {
  const { rowCount } = await database.query(
    `select 1 from outbox where session = $1 and kind in ('message', 'file') and sent_revision < revision and failed is null limit 1`,
    [sessionOf(message)],
  );
  return rowCount === 0;
}

function answerBetween(thread: readonly SimMessage[], from: string, to: string | undefined): string {
  return thread
    .filter(({ ts }) => Number(ts) > Number(from) && (to === undefined || Number(ts) < Number(to)))
    .map(shownText)
    .filter(Boolean)
    .join('\n\n');
}

/** What people read of a message. */
function shownText({ text, blocks }: SimMessage): string {
  const shown = blocks.flatMap((block) => {
    const inner = block.text as string | { readonly text?: string } | undefined;
    if (block.type === 'markdown' && typeof inner === 'string') return [inner];
    return block.type === 'section' && typeof inner === 'object' ? [inner.text ?? ''] : [];
  });
  return (blocks.length > 0 ? shown.join('\n') : text).replace(FOOTER, '').trim();
}

const pull = z.object({ draft: z.boolean(), head: z.object({ ref: z.string() }) });

async function pullsOf({ home }: Installation) {
  const text = await readFile(path.join(home, 'acme', 'forge', 'pulls.json'), 'utf8').catch(() => '[]');
  return z.array(pull).parse(JSON.parse(text));
}

const seen = z.object({
  seen: z.array(
    z.object({ at: z.string(), method: z.string(), host: z.string(), path: z.string(), caller: z.string().nullable() }),
  ),
});

/** What the outside world has counted. */
async function sightingsOf({ acme, acmeControlToken }: Installation) {
  const ca = await readFile(acme.authorityPath);
  const text = await new Promise<string>((resolve, reject) => {
    const asking = request(
      {
        ...{ host: '127.0.0.1', port: acme.port, path: '/_acme/seen', ca },
        headers: { authorization: `Bearer ${acmeControlToken}` },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
      },
    );
    asking.on('error', reject);
    asking.end();
  });
  return seen.parse(JSON.parse(text)).seen;
}
