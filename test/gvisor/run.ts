/**
 * `npm run test:gvisor [path …]`: the tests of sandboxes on gVisor. Builds `runsc` where there is none, starts a Docker Engine of
 * its own that has it, and runs the given tests there; the setting `auto` then takes gVisor by itself. Not part of `npm test`,
 * because it needs Go or runsc.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connectEngine } from '../../docker/engine.ts';
import { probeRuntime } from '../../docker/runtime-choice.ts';
import { reasonOf } from '../../setup/errors.ts';
import { ROOT } from '../../setup/host/home.ts';
import { onInterruption } from '../runner/interruption.ts';
import { provideRunsc } from './provide-runsc.ts';
import { startEngineWithGvisor } from './start-engine.ts';

/** What differs between runtimes: processes, files, the relay, isolation; and one mention, whole. */
const SMOKE = ['test/integration/docker', 'test/e2e/mention.test.ts', 'test/e2e/security/outcomes.test.ts'];

/** What gVisor's kernel does not offer; docs/security.md says so. */
const NOT_THERE = '--testPathIgnorePatterns=(seccomp|system-v).test.ts';
/** What was asked of a sandbox that ended under it, the engine may never answer: such a connection would keep jest. */
const DO_NOT_WAIT = '--forceExit';

const tell = (line: string): void => console.error(line);
const chosen = process.argv.slice(2);
const interruption = onInterruption();

try {
  await using engine = await startEngineWithGvisor(await provideRunsc(process.env, tell));
  const { runtime, words } = probeRuntime(await connectEngine({ env: { DOCKER_HOST: engine.address } }), {
    setting: 'auto',
  });
  if (runtime !== 'runsc') throw new Error(`sandboxes would not run on gVisor: ${words}`);
  tell(`sandboxes: ${words}`);
  interruption.signal.throwIfAborted();
  const tests = spawn(
    process.execPath,
    ['test/run.ts', ...(chosen.length > 0 ? chosen : [...SMOKE, NOT_THERE, DO_NOT_WAIT])],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, DOCKER_HOST: engine.address },
    },
  );
  // They take down what they started, and then the engine goes.
  interruption.signal.addEventListener('abort', () => tests.kill('SIGTERM'), { once: true });
  const [code] = (await once(tests, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} catch (error) {
  tell(`tests on gVisor: ${reasonOf(error)}`);
  process.exitCode = 1;
}
