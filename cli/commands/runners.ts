import type { Command } from 'commander';
import { overview } from '../../store/overview.ts';
import { setDraining } from '../../store/runners.ts';
import { openCliContext } from '../context.ts';
import { runnersText } from '../status-text.ts';

export function register(program: Command): void {
  const runners = program.command('runners').description('machines that sandboxes run on');
  runners
    .command('list')
    .description('every runner, whether it is alive, and how full it is')
    .action(async () => {
      await using context = await openCliContext();
      console.log(runnersText((await overview(context.database)).runners));
    });
  runners
    .command('drain')
    .description('place no further session there; those it has go on')
    .argument('<runner>')
    .action(async (runner: string) => await mark(runner, true));
  runners
    .command('undrain')
    .description('place sessions there again')
    .argument('<runner>')
    .action(async (runner: string) => await mark(runner, false));
}

async function mark(runner: string, draining: boolean): Promise<void> {
  await using context = await openCliContext();
  if (!(await setDraining(context.database, runner, draining))) {
    const known = (await overview(context.database)).runners.map(({ id }) => id);
    throw new Error(`there is no runner ${runner}; known are ${known.join(', ') || 'none'}`);
  }
  console.log(draining ? `${runner} takes no further session.` : `${runner} takes sessions again.`);
}
