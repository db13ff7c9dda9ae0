import type { Command } from 'commander';
import { allRunners } from '../../store/overview.ts';
import { setDraining } from '../../store/runners.ts';
import { openCliContext } from '../context.ts';
import { runnersText } from '../status-text.ts';

/** `bellhop runners`: lists the machines that sandboxes run on, and takes one out of service or back. */
export function register(program: Command): void {
  const runners = program.command('runners').description('machines that sandboxes run on');
  runners
    .command('list')
    .description('every runner, whether it is alive, and how full it is')
    .action(async () => {
      await using context = await openCliContext();
      console.log(runnersText(await allRunners(context.database)));
    });
  runners
    .command('drain')
    .description('give it no new threads; those whose files it holds go on there')
    .argument('<runner>')
    .action(async (runner: string) => await mark(runner, true));
  runners
    .command('undrain')
    .description('give it new threads again')
    .argument('<runner>')
    .action(async (runner: string) => await mark(runner, false));
}

async function mark(name: string, draining: boolean): Promise<void> {
  await using context = await openCliContext();
  const known = await setDraining(context.database, name, draining);
  const runners = await allRunners(context.database);
  if (!known)
    throw new Error(`there is no runner ${name}; known are ${runners.map(({ id }) => id).join(', ') || 'none'}`);
  const working = runners.find(({ id }) => id === name)?.working ?? 0;
  console.log(draining ? drainingText(name, working) : `${name} takes new threads again.`);
}

function drainingText(name: string, working: number): string {
  return [
    `${name} takes no new threads; ${working} ${working === 1 ? 'turn is' : 'turns are'} at work there.`,
    'Threads whose files it holds go on there. When it is away for over a minute, their next turn starts elsewhere, without',
    'those files, and says so.',
  ].join('\n');
}
