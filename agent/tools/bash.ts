import { z } from 'zod';
import { stepIdOf } from '../../contracts/ids.ts';
import { capForModel } from './cap-output.ts';
import { defineTool } from './define-tool.ts';
import type { StepOutcome } from './sandbox-port.ts';

const schema = z.object({
  command: z.string().min(1).max(100_000).describe('The command, as for `bash -c`.'),
  timeout_seconds: z
    .number()
    .int()
    .min(1)
    .max(1800)
    .default(300)
    .describe('Time limit; the command is ended when it is over. At most 1800.'),
});

/** Idempotent, because a command runs once under its step id. Another attempt attaches to the same command. */
export const bash = defineTool({
  name: 'bash',
  description: [
    'Runs a command with bash in the sandbox, in /workspace, and returns its exit code and output (standard output and error together).',
    'Each call is a new shell: variables and `cd` do not carry over, files do. Nothing can be typed into it.',
    'Background processes end with the turn. Output beyond 32 KB is cut in the middle.',
  ].join(' '),
  schema,
  parallel: false,
  idempotent: true,
  runsCommand: true,
  async run(context, { command, timeout_seconds }, signal) {
    const outcome = await context.sandbox.runStep({
      step: stepIdOf(context.session, context.turn, context.step),
      command,
      timeoutMs: timeout_seconds * 1000,
      signal,
      onProgress: context.onProgress,
    });
    const output = outcome.output.toString('utf8');
    const { text, truncated } = capForModel(output, outcome.outputBytes);
    const seconds = (context.elapsedMs() / 1000).toFixed(1);
    return {
      text: `${headline(outcome, timeout_seconds)} · ${seconds} s\n${text || '(no output)'}`,
      isError: outcome.exitCode === null,
      exitCode: outcome.exitCode,
      output,
      truncated,
    };
  },
});

function headline({ exitCode, timedOut }: StepOutcome, limit: number): string {
  if (timedOut) return `time limit of ${limit} s reached, the command was ended · exit code ${exitCode}`;
  if (exitCode !== null) return `exit code ${exitCode}`;
  return 'outcome unknown: the command was killed or its sandbox went away; it may have run in part';
}
