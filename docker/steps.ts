import { createHash } from 'node:crypto';
import { TOOL_PROCESS_LIMIT } from './container-spec.ts';
import { killAgent } from './end-turn.ts';
import { DockerError, isDockerError } from './errors.ts';
import type { StepCall, StepResult } from './sandbox.ts';
import type { WorkingContext } from './sandbox-context.ts';
import { INSIDE } from './sandbox-environment.ts';
import { stateOfSandbox } from './sandbox-listing.ts';

/** The kernel takes no longer argument. A longer text has to go into a file. */
const MAX_COMMAND = 120 * 1024;
/** What the starter may need beyond the command's own time. */
const OVERTIME_MS = 8_000;
const ATTEMPTS = 4;

/**
 * Starts the command under its step id unless it was started before or its turn is over, and follows it to its end.
 *
 * The follower runs as the agent's user and may be killed. Then this looks for the command again, in the same incarnation
 * of the sandbox, before it says what became of it.
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
        // No attempt has reached the sandbox, so the command was not started, and the caller may try elsewhere.
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
  /** Output was handed on already. It is not handed on twice. */
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
  for await (const frame of context.starters.order(
    { ...context, id, uid: call.uid },
    { args, timeoutMs, signal: call.signal },
  )) {
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

function resultOf(said: Readonly<Record<string, unknown>>, output: StepOutput): StepResult {
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

/** A command has stopped the starter itself, or keeps it from seeing. So everything of the agent's is ended from outside. */
async function endOverdue(context: WorkingContext, id: string, call: StepCall): Promise<StepResult> {
  await killAgent(context, id, call.uid);
  return { ...lost(), outcome: 'killed', timedOut: true };
}

/** Head, tail and the line between them fit into this. Our starter never sends more. */
const MAX_OUTPUT = 1024 * 1024;

interface StepOutput {
  add(bytes: Buffer): void;
  overflowed(): boolean;
  /** Text that any store takes. Bytes that are not UTF-8, and zero bytes, become the replacement character. */
  text(partLost: boolean): string;
}

/** Keeps the beginning, up to `MAX_OUTPUT` bytes. */
function createStepOutput(): StepOutput {
  const chunks: Buffer[] = [];
  let kept = 0;
  let overflowed = false;
  return {
    add(bytes) {
      const part = bytes.subarray(0, MAX_OUTPUT - kept);
      if (part.length < bytes.length) overflowed = true;
      if (part.length === 0) return;
      chunks.push(part);
      kept += part.length;
    },
    overflowed: () => overflowed,
    text(partLost) {
      const text = Buffer.concat(chunks).toString('utf8').replaceAll('\0', '\uFFFD');
      return partLost ? `${text}\n[... output is missing here: the sandbox had no room to keep it ...]\n` : text;
    },
  };
}
