import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { startTestSlack, type TestSlack } from '../../test/support/slack-simulator.ts';
import type { BenchStage } from '../stage.ts';
import { createRawSandboxes } from './raw-sandbox.ts';

export interface BareBot extends AsyncDisposable {
  /** A simulator of its own, of the same kind. */
  readonly slack: TestSlack;
}

/** Starts `bench/bare-bot.ts` as a process of its own, beside a container that differs in nothing from a sandbox. */
export async function startBareBot({ engine, image, label, folder }: BenchStage): Promise<BareBot> {
  await using started = new AsyncDisposableStack();
  const raw = createRawSandboxes({ engine, image, installation: label, runDir: folder });
  const plan = await raw.plan();
  await raw.create(plan);
  started.defer(() => raw.remove(plan.name));
  await raw.start(plan.name);
  const slack = started.use(await startTestSlack());
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '..', 'bare-bot.ts')], {
    env: {
      PATH: process.env.PATH,
      ...slack.environment,
      ...(process.env.DOCKER_HOST && { DOCKER_HOST: process.env.DOCKER_HOST }),
      BARE_BOT_CONTAINER: plan.name,
      BARE_BOT_USER: `${plan.agentUid}:${plan.agentUid}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  started.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => {
      throw new Error('the bare bot did not start; its words are above');
    }),
  ]);
  await slack.waitForApp();
  const everything = started.move();
  return { slack, [Symbol.asyncDispose]: () => everything.disposeAsync() };
}
