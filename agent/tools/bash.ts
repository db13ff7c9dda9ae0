import { z } from 'zod';
import { stepIdOf } from '../../contracts/ids.ts';
import { capForModel } from './cap-output.ts';
import { defineTool } from './define-tool.ts';
import { notesOfClones } from './repository-notes.ts';
import type { StepOutcome } from './sandbox-port.ts';

const schema = z.object({
  command: z
    .string()
    .min(1)
    .max(100_000)
    .describe('The command, as for `bash -c`. Several steps in one call: join them by && so that a failure ends them.'),
  doing: z
    .string()
    .max(200)
    .optional()
    .describe(
      'What this does, in three to six words as a person would say it: "running the tests". People see it in the thread meanwhile.',
    ),
  timeout_seconds: z
    .number()
    .int()
    .min(1)
    .max(1800)
    .default(300)
    .describe('The command is ended after this time. Give more for builds, test suites and installs. At most 1800.'),
});

/** Idempotent, because a command runs once under its step id. Another attempt attaches to the same command. */
export const bash = defineTool({
  name: 'bash',
  description: [
    'Runs a command with bash in the sandbox and returns its exit code and its output, standard output and error together.',
    'Use it to look around (ls, rg, git log), to build and test, to fetch over the network, and to work on data with python3.',
    '- Each call is a new shell in /workspace: `cd` and variables do not carry over, files do. Use absolute paths, or `cd folder && …` in the same call. Quote paths with spaces.',
    '- Nobody can type into it. Give answers beforehand (-y, --no-pager, GIT_EDITOR=true); what waits for a key waits until its time is over.',
    '- Search with rg instead of grep -r, and narrow the search before you read. Output over 32 KB is cut in the middle: send long output to a file and look at its parts.',
    '- To read, write and change text files take read_file, write_file and edit_file instead of cat, echo and sed: what you mean is exact there.',
    '- An exit code that is not 0 is shown and is no failure of the call. Read the output before you try anything else.',
    '- A server or watcher needs `nohup … > log 2>&1 &`. It ends with the turn at the latest.',
  ].join('\n'),
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
    const notes = await notesOfClones(context.sandbox, { command, output, signal });
    const seconds = (context.elapsedMs() / 1000).toFixed(1);
    return {
      text: `${headline(outcome, timeout_seconds)} · ${seconds} s\n${text || '(no output)'}${notes}`,
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
