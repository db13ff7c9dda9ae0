import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../setup/errors.ts';
import { withStage } from '../test/runner/stage.ts';
import { readArguments, usage } from './arguments.ts';
import type { Bench } from './bench.ts';
import { asJson, describeMachine, type Measured, table } from './report.ts';
import { createBenchStage } from './stage.ts';

const RESULTS = path.join(import.meta.dirname, 'results');
const tell = (line: string): void => console.error(line);

/** Measured as an installation has it: the tests' own server gives up durability for speed. */
const POSTGRES = ['max_connections=400'];

/**
 * Brings up what the measurements stand on, takes them one after the other, prints a table and writes the figures. A
 * bar that does not hold is no failure of the command: it says what it saw.
 * @param command as people type it, such as `npm run bench`
 */
export async function runBenches(command: string, benches: readonly Bench[]): Promise<void> {
  try {
    await measure(command, benches);
  } catch (error) {
    tell(`${command}: ${reasonOf(error)}`);
    process.exitCode = 1;
  }
}

async function measure(command: string, benches: readonly Bench[]): Promise<void> {
  const wanted = readArguments(
    process.argv.slice(2),
    benches.map(({ name }) => name),
  );
  if (wanted.help) {
    const names = benches.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`);
    return console.log(`${usage(command)}\nMeasured are:\n${names.join('\n')}`);
  }
  const chosen = benches.filter(({ name }) => wanted.only.length === 0 || wanted.only.includes(name));
  const at = new Date();
  const machine = describeMachine();
  const measured: Measured[] = [];
  const { rounds } = wanted;
  try {
    await withStage(
      tell,
      async (environment, signal) => {
        const interrupted = rejectionBy(signal);
        // The support code of the tests finds its servers by these.
        Object.assign(process.env, environment);
        // Left by an interruption as well, so that what was started for the measurements is taken down.
        await using stage = await createBenchStage({ environment, rounds, tell });
        for (const bench of chosen) {
          tell(`${bench.name}: ${bench.what} …`);
          measured.push({ bench: bench.name, figures: await Promise.race([bench.run(stage), interrupted]) });
        }
      },
      POSTGRES,
    );
  } finally {
    // What was measured before a failure is worth being seen.
    if (measured.length > 0) await report();
  }

  async function report(): Promise<void> {
    const file = wanted.json ?? path.join(RESULTS, `${at.toISOString().replaceAll(':', '-')}.json`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, asJson(machine, measured, at));
    const took = Math.round((Date.now() - at.getTime()) / 1000);
    console.log(`\n${table(measured)}\n`);
    console.log(`${machine.cpus} cores, load ${machine.loadBefore} before; took ${took} s; every sample: ${file}`);
  }
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  // Awaited only while something is measured.
  promise.catch(() => undefined);
  return promise;
}
