import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Installation, startInstallation } from '../../test/support/installation/installation.ts';
import { refillBuckets } from '../../test/support/refill-buckets.ts';
import { until } from '../../test/support/until.ts';
import type { Bench } from '../bench.ts';
import { channel, crowdOf } from './crowd.ts';

const CHANNELS = 50;
const AT_ONCE = 20;
const WATCHED_MS = 20_000;
/** Shorter than the default of two minutes, so that the last threads rest soon. */
const PAUSE_AFTER_S = 20;
const MEMORY_BAR_MB = 400;
const CPU_BAR_PERCENT = 5;
/** Linux counts CPU time in these, `getconf CLK_TCK`. */
const TICKS_A_SECOND = 100;

interface Sizes {
  readonly threads: number;
  /** From the last pause until a thread counts as resting: what its turn left to do is done then. */
  readonly settleMs: number;
}

/** Threads that were answered, whose sandboxes are paused or put away: what they cost until somebody speaks again. */
export function rest({ threads, settleMs }: Sizes): Bench {
  return {
    name: 'rest',
    what: `${threads} threads that rest`,
    async run(stage) {
      await using bellhop = await startInstallation({
        slack: { more: crowdOf(1, CHANNELS) },
        environment: { BELLHOP_PAUSE_AFTER_SECONDS: String(PAUSE_AFTER_S) },
      });
      for (let begun = 0; begun < threads; begun += AT_ONCE) {
        await refillBuckets(bellhop);
        const some = Math.min(AT_ONCE, threads - begun);
        await Promise.all(
          Array.from({ length: some }, (_, n) =>
            bellhop.slack.post('ada', channel((begun + n) % CHANNELS), `@bellhop\nsay ${begun + n}`),
          ),
        );
        await until(async () => (await answered(bellhop)) === begun + some, `${begun + some} answers`, 120_000);
        if (begun % 200 === 0) stage.tell(`rest: ${begun + some} of ${threads} threads`);
      }
      await until(async () => (await unsent(bellhop)) === 0, 'everything to be in Slack', 120_000);
      await until(async () => (await running(bellhop)) === 0, 'every sandbox to be paused', 180_000);
      await pause(settleMs);
      const before = await cpuSeconds(bellhop);
      await pause(WATCHED_MS);
      const after = await cpuSeconds(bellhop);
      const percent = after.map(({ name, seconds }, n) => ({
        name,
        used: ((seconds - (before[n]?.seconds ?? 0)) / (WATCHED_MS / 1_000)) * 100,
      }));
      return [
        { what: 'memory of the agent worker', unit: 'MB', samples: [await memoryMb(bellhop)], bar: MEMORY_BAR_MB },
        {
          what: 'CPU of the four processes, of one core',
          unit: '%',
          samples: [percent.reduce((sum, { used }) => sum + used, 0)],
          bar: CPU_BAR_PERCENT,
        },
        ...percent.map(({ name, used }) => ({ what: `CPU of the ${name}`, unit: '%' as const, samples: [used] })),
      ];
    },
  };
}

async function answered({ database }: Installation): Promise<number> {
  const { rows } = await database.query<{ n: number }>("select count(*)::int as n from turn where state = 'answered'");
  return rows[0]?.n ?? 0;
}

async function unsent({ database }: Installation): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    'select count(*)::int as n from outbox where sent_revision < revision and failed is null',
  );
  return rows[0]?.n ?? 0;
}

async function running({ database }: Installation): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    "select count(*)::int as n from sandbox where state = 'running'",
  );
  return rows[0]?.n ?? 0;
}

/** What each process has used until now. */
function cpuSeconds({ processes }: Installation): Promise<{ readonly name: string; readonly seconds: number }[]> {
  return Promise.all(
    Object.entries(processes).map(async ([name, { pid }]) => {
      // After the name in brackets: state is field 3, utime 14, stime 15 (proc(5)).
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
      return { name, seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND };
    }),
  );
}

async function memoryMb({ processes }: Installation): Promise<number> {
  const status = await readFile(`/proc/${processes.agent.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
