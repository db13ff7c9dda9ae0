/** A process that logs far more than a pipe holds (`talking.ts <lines>`), then says every 20 ms that its event loop turns. */
import { runProcess } from '../../../workers/run-process.ts';

const lines = Number(process.argv[2] ?? 0);

await runProcess('talking', { variable: '', usual: 0 }, async ({ log }) => {
  for (let line = 0; line < lines; line += 1) log.info({ line, filler: 'x'.repeat(1_000) }, 'words');
  const turns = setInterval(() => process.stdout.write('turn\n'), 20);
  process.on('SIGUSR2', () => log.info('one more line'));
  return {
    async stop() {
      clearInterval(turns);
      process.stdout.write('stopped in order\n');
    },
  };
});
