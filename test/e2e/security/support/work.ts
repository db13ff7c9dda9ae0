import type { SessionId } from '../../../../contracts/ids.ts';
import type { Installation } from '../../../support/installation/installation.ts';
import { waitForTurn } from '../../../support/installation/turns.ts';
import type { SimMessage } from '../../../support/slack-simulator.ts';

export interface ToolStep {
  readonly number: number;
  readonly tool: string;
  readonly exitCode: number | null;
  readonly state: string;
  /** Of a command, whole. */
  readonly output: string;
  /** What the model was told, as JSON. */
  readonly told: string;
}

/** A turn that has ended, as PostgreSQL knows it. */
export interface Worked {
  readonly message: SimMessage;
  readonly session: SessionId;
  readonly turn: number;
  readonly state: string;
  readonly steps: readonly ToolStep[];
}

export interface WorkOptions {
  readonly as?: string;
  /** Name or id. @default #platform-eng */
  readonly channel?: string;
  /** Goes on in this thread as its next turn. */
  readonly after?: Worked;
  readonly withinMs?: number;
}

/** Says a script of the demo model to the agent and waits until its turn has ended. */
export async function work(bellhop: Installation, script: string, options: WorkOptions = {}): Promise<Worked> {
  const { as = 'ada', after, withinMs = 60_000 } = options;
  const channel = after?.message.channel ?? options.channel ?? '#platform-eng';
  const threadTs = after?.message.threadTs ?? after?.message.ts;
  const message = await bellhop.slack.post(as, channel, `@bellhop\n${script}`, threadTs ? { threadTs } : {});
  const turn = (after?.turn ?? 0) + 1;
  const { session, state } = await waitForTurn(bellhop, message, turn, withinMs);
  return { message, session, turn, state, steps: await toolSteps(bellhop, session, turn) };
}

async function toolSteps({ database }: Installation, session: SessionId, turn: number): Promise<ToolStep[]> {
  const { rows } = await database.query<ToolStep>(
    `select number, tool, exit_code as "exitCode", state, coalesce(output, '') as output, coalesce(said.content, '') as told
     from step left join lateral (
       select content::text from transcript t
       where t.session = step.session and t.turn = step.turn and t.step = step.number and role = 'tool' limit 1
     ) said on true
     where session = $1 and turn = $2 and kind = 'tool' order by number`,
    [session, turn],
  );
  return rows;
}

/** Runs one command in a turn of its own. */
export async function run(bellhop: Installation, command: string, options: WorkOptions = {}): Promise<Ran> {
  const worked = await work(bellhop, `$ ${command}`, options);
  const [step] = worked.steps;
  if (!step) throw new Error(`the turn ran no command; it ended ${worked.state}`);
  return { ...worked, output: step.output, exitCode: step.exitCode };
}

export interface Ran extends Worked {
  readonly output: string;
  readonly exitCode: number | null;
}

/** A program as one line of a script. */
export function python(code: string): string {
  return `echo ${Buffer.from(code).toString('base64')} | base64 -d | python3 -`;
}
