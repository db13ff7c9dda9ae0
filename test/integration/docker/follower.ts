import { z } from 'zod';
import { connectEngine } from '../../../docker/engine.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';

/** Follows one step in a process of its own, for tests that kill it. */
const call = z
  .object({
    installation: z.string(),
    runDir: z.string(),
    id: z.string(),
    uid: z.number(),
    step: z.string(),
    turn: z.number(),
    command: z.string(),
    timeoutMs: z.number(),
  })
  .parse(JSON.parse(process.env.FOLLOW ?? '{}'));

const engine = await connectEngine({ env: process.env });
const runtime = createSandboxRuntime({
  engine,
  installation: call.installation,
  runDir: call.runDir,
  image: 'not used',
});
await runtime.runStep(call.id, { ...call, onOutput: (bytes) => process.stdout.write(bytes) });
