import { createHash } from 'node:crypto';
import { TOOL_PROCESS_LIMIT } from './container-spec.ts';
import { DockerError, isDockerError } from './errors.ts';
import { killAgent } from './kill-agent.ts';
import type { StepCall, StepResult } from './sandbox.ts';
import { inSandbox, type WorkingContext } from './sandbox-context.ts';
import { INSIDE } from './sandbox-environment.ts';
import { stateOfSandbox } from './sandbox-listing.ts';
import { createStepOutput } from './step-output.ts';

/** The kernel takes no longer argument; what is longer belongs into a file. */
const MAX_COMMAND = 120 * 1024;
/** What the starter may need beyond the command's own time. */
const OVERTIME_MS = 8_000;
const ATTEMPTS = 4;

/**
 * Starts the command under its step id unless it was started before or its turn is over, and follows it. When the following breaks off
 * for a reason of its own (the follower was killed with everything else of the agent's), it looks again, and only in
 * the same incarnation; only then does it say what became of the command.
 */
export async function runStep(context: WorkingContext, id: string, call: StepCall): Promise<StepResult> {
  if (Buffer.byteLength(call.command) > MAX_COMMAND) {
    throw new DockerError(
      'CommandTooLong',
      `the command is longer than ${MAX_COMMAND} bytes; write it into a file and run that`,
    );
  }
  if (call.command.includes('\0')) throw new DockerError('CommandNotStarted', 'a command cannot hold a zero byte');
  const seen: Seen = { incarnation: call.incarnation, output: false };
  let broken: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const result = await follow(context, id, call, seen);
      // A sandbox that ends takes its processes one by one: is it still the same one?
      if (result.outcome !== 'killed') return result;
      const still = await follow(context, id, { ...call, attachOnly: true }, seen);
      if (still.outcome === 'unknown' && !call.attachOnly) throw notStarted('it had no room for another process');
      return still;
    } catch (error) {
      call.signal?.throwIfAborted();
      if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) {
        if ((await stateOfSandbox(context, id)) === 'paused') throw error;
        // Never heard of by any attempt: it was not started, and whoever asks may try elsewhere.
        if (seen.incarnation === undefined) throw error;
        return lost();
      }
      if (isDockerError(error, 'ExecTimeout')) return await endOverdue(context, id, call);
      if (!isDockerError(error, 'ExecFailed')) throw error;
      broken = error;
    }
  }
  throw broken;
}

/** What the attempts of one call have learnt. */
interface Seen {
  incarnation: string | undefined;
  /** Output has been handed on, and is not handed on twice. */
  output: boolean;
}

/** The name of a step inside the sandbox: safe as a file name whatever the id. */
function nameOf(step: string): string {
  return createHash('sha256').update(step).digest('hex').slice(0, 32);
}

async function follow(context: WorkingContext, id: string, call: StepCall, seen: Seen): Promise<StepResult> {
  const again = seen.output;
  const args = [
    call.attachOnly ? 'attach' : 'run',
    nameOf(call.step),
    String(Math.max(1, Math.round(call.timeoutMs))),
    call.cwd ?? INSIDE.workspace,
    seen.incarnation ?? '-',
    String(TOOL_PROCESS_LIMIT),
    String(call.turn),
    call.command,
  ];
  const timeoutMs = call.timeoutMs + OVERTIME_MS;
  const output = createStepOutput();
  for await (const frame of inSandbox(context, id, { uid: call.uid, args, timeoutMs, signal: call.signal })) {
    if (frame.kind === 'json') {
      if (frame.value.state !== 'reached') return resultOf(frame.value, output);
      seen.incarnation = String(frame.value.incarnation);
      continue;
    }
    output.add(frame.bytes);
    seen.output = true;
    if (!again) call.onOutput?.(frame.bytes);
  }
  throw new DockerError('ExecFailed', `sandbox ${id} said nothing of the command`);
}

function resultOf(said: Readonly<Record<string, unknown>>, output: ReturnType<typeof createStepOutput>): StepResult {
  if (said.state === 'elsewhere') return lost();
  if (said.state === 'unknown') return { ...lost(), outcome: 'unknown' };
  if (said.state === 'over') throw new DockerError('TurnOver', 'the turn of this command is over');
  if (said.state !== 'finished' && said.state !== 'killed') {
    throw notStarted(String(said.message ?? 'no reason given'));
  }
  const finished = said.state === 'finished';
  return {
    outcome: finished ? 'finished' : 'killed',
    exitCode: finished ? Number(said.exit) : null,
    output: output.text(said.outputLost === true),
    truncated: Number(said.cut) > 0 || said.outputLost === true || output.overflowed(),
    outputBytes: Number(said.size),
    timedOut: said.timedOut === true,
  };
}

function notStarted(why: string): DockerError {
  return new DockerError('CommandNotStarted', `the command could not be started: ${why}`);
}

function lost(): StepResult {
  return { outcome: 'lost', exitCode: null, output: '', truncated: false, outputBytes: 0, timedOut: false };
}

/** The starter itself was stopped or blinded by what it ran: everything of the agent's is ended from outside. */
async function endOverdue(context: WorkingContext, id: string, call: StepCall): Promise<StepResult> {
  await killAgent(context, id, call.uid);
  return { ...lost(), outcome: 'killed', timedOut: true };
}
