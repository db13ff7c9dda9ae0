import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SandboxRuntime, SandboxSpec } from '../docker/sandbox.ts';
import { createSandboxRuntime } from '../docker/sandbox-runtime.ts';
import type { Bench } from './bench.ts';
import { ratios } from './figures.ts';
import { createRawSandboxes } from './peers/raw-sandbox.ts';
import { alternate, timed } from './rounds.ts';
import type { BenchStage } from './stage.ts';

const COLD_RATIO = 1.5;
const PAUSED_BAR_MS = 150;

/**
 * Cold: from nothing until a command can run. The engine's peer is the same container, asked for by the engine's own
 * three calls: create, start, and an exec of `true`. From pause: what the next turn of an idle thread waits for.
 */
export const sandbox: Bench = {
  name: 'sandbox',
  what: 'a sandbox that is ready for a command: new, and from pause',
  async run(stage) {
    const runtime = createSandboxRuntime({
      engine: stage.engine,
      installation: stage.label,
      runDir: stage.folder,
      image: stage.image,
      runtime: { setting: 'runc' },
    });
    const cold = await measureCold(stage, runtime);
    const paused = await measurePaused(stage, runtime);
    return [
      { what: 'provision a new sandbox', unit: 'ms', samples: cold.bellhop },
      { what: 'engine alone: create, start, exec', unit: 'ms', samples: cold.engine },
      { what: 'ratio of the two', unit: '×', samples: ratios(cold.bellhop, cold.engine), bar: COLD_RATIO },
      { what: 'provision a paused sandbox', unit: 'ms', samples: paused.ready, bar: PAUSED_BAR_MS },
      { what: 'of which the engine’s unpause', unit: 'ms', samples: paused.unpause },
    ];
  },
};

function newSandbox(): SandboxSpec {
  const id = randomBytes(6).toString('hex');
  const agentUid = 100_000 + randomBytes(3).readUIntBE(0, 3);
  return { id, session: `slack:T1:C1:${id}`, runner: 'bench', agentUid, caBundle: '' };
}

async function measureCold(stage: BenchStage, runtime: SandboxRuntime) {
  const { engine, image, label: installation, folder: runDir } = stage;
  const raw = createRawSandboxes({ engine, image, installation, runDir });
  return await alternate(
    {
      async bellhop() {
        const spec = newSandbox();
        const took = await timed(() => runtime.provision(spec));
        await runtime.remove(spec.id);
        await runtime.removeVolume(spec.id);
        return took;
      },
      async engine() {
        const plan = await raw.plan();
        const took = await timed(async () => {
          await raw.create(plan);
          await raw.start(plan.name);
          await raw.exec(plan.name, plan.agentUid, ['true']);
        });
        await raw.remove(plan.name);
        return took;
      },
    },
    stage.rounds(10),
  );
}

async function measurePaused(stage: BenchStage, runtime: SandboxRuntime) {
  const spec = newSandbox();
  await runtime.provision(spec);
  const afterPause = (wake: () => Promise<unknown>) => async (): Promise<number> => {
    await runtime.pause(spec.id);
    await pause(100);
    return await timed(wake);
  };
  return await alternate(
    { ready: afterPause(() => runtime.provision(spec)), unpause: afterPause(() => runtime.unpause(spec.id)) },
    stage.rounds(10),
  );
}
