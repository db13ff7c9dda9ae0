import { createProgram } from './program.ts';
import { runProgram } from './run-program.ts';

// A reader such as `head` may close the pipe early. That is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runProgram(await createProgram(process.argv), process.argv);
