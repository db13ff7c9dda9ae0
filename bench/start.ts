import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../setup/host/home.ts';
import { PORTS } from '../setup/host/port-wishes.ts';
import type { Bench } from './bench.ts';
import type { BenchStage } from './stage.ts';

const BAR_S = 10;
const WITHIN_MS = 120_000;
const ADDRESS = /https?:\/\/127\.0\.0\.1:\d+\S*/;

interface Started {
  /** Seconds until the page's address answers with the page. */
  readonly page: number;
  /** Seconds until the page was printed, with everything but the sandbox image up. */
  readonly everything: number;
}

/** `./bellhop up` on a home of its own: once from nothing, then on what the first start has left. */
export const start: Bench = {
  name: 'start',
  what: 'a start of everything, first and again, until the page answers',
  async run(stage) {
    const home = path.join(stage.folder, 'home');
    try {
      const first = await startAndStop(stage, home);
      const again: Started[] = [];
      for (let round = 0; round < stage.rounds(3); round += 1) again.push(await startAndStop(stage, home));
      return [
        { what: 'first start until the page answers', unit: 's', samples: [first.page] },
        { what: 'first start until a mention can be answered', unit: 's', samples: [first.everything] },
        { what: 'second start until the page answers', unit: 's', samples: again.map(({ page }) => page), bar: BAR_S },
        {
          what: 'second start until a mention can be answered',
          unit: 's',
          samples: again.map(({ everything }) => everything),
        },
      ];
    } finally {
      await ended(bellhop(stage, home, ['reset', '--yes']));
      await rm(home, { recursive: true, force: true });
    }
  },
};

function bellhop({ environment }: BenchStage, home: string, args: readonly string[]): ChildProcess {
  const ports = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, '0']));
  return spawn(path.join(ROOT, 'bellhop'), args, {
    env: { ...environment, ...ports, BELLHOP_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function startAndStop(stage: BenchStage, home: string): Promise<Started> {
  const began = performance.now();
  const up = bellhop(stage, home, ['up']);
  const gone = ended(up);
  try {
    const page = said(up, ADDRESS).then(async ([url]) => {
      await untilAnswered(url);
      return (performance.now() - began) / 1000;
    });
    const everything = said(up, /Bellhop is running/).then(() => (performance.now() - began) / 1000);
    return { page: await page, everything: await everything };
  } finally {
    up.kill('SIGINT');
    await gone;
  }
}

/** Waits for words on standard output or error; fails with all that was said when the process ends without them. */
function said(child: ChildProcess, words: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`waited ${WITHIN_MS} ms for ${words}:\n${output}`)), WITHIN_MS);
    const hear = (chunk: unknown): void => {
      output += String(chunk);
      const found = words.exec(output);
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`it ended without ${words}:\n${output}`));
    });
  });
}

async function untilAnswered(url: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await openPage(url).catch(() => false))) {
    if (performance.now() > deadline) throw new Error('the page did not answer');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** As a browser does: the printed address gives a cookie, and with it the page. */
async function openPage(url: string): Promise<boolean> {
  const entry = await fetch(url, { redirect: 'manual' });
  await entry.body?.cancel();
  const cookie = entry.headers.getSetCookie().map((each) => each.split(';', 1)[0]);
  const page = await fetch(new URL(entry.headers.get('location') ?? '/', url), {
    headers: { cookie: cookie.join('; ') },
  });
  return page.ok && (await page.text()).includes('<html');
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdout?.resume();
  child.stderr?.resume();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
