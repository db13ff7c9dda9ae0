import { type Command, InvalidArgumentError } from 'commander';
import { egressEventsOf } from '../../store/egress-events.ts';
import { steeringOf } from '../../store/turns.ts';
import { openCliContext } from '../context.ts';
import { egressText } from '../find/egress-text.ts';
import { findMessage } from '../find/find-message.ts';

/** How many of the newest requests are shown. */
const LIMIT = 1_000;

/** `bellhop egress`: prints the requests of a thread's sandbox. */
export function register(program: Command): void {
  program
    .command('egress')
    .description('what the sandbox of a thread sent out, and how each request was decided')
    .argument('<message>', "its link, a session's id, or its channel; or owner/name#12, or a repository")
    .argument('[ts]', 'behind a channel, such as 1712345678.000100; behind a repository a branch')
    .option('--turn <number>', 'of one turn only', positiveInteger)
    .option('--json', 'print every field as JSON')
    .action(async (where: string, ts: string | undefined, options: { turn?: number; json?: boolean }) => {
      await using context = await openCliContext();
      const { session } = await findMessage(context, where, ts);
      const all = await egressEventsOf(context.database, session, LIMIT);
      const events = all.filter(({ turn }) => options.turn === undefined || turn === options.turn);
      if (options.turn !== undefined && events.length === 0 && all.length > 0) {
        console.error(`turn ${options.turn} of this thread has sent nothing; other turns have`);
      }
      const steering = await steeringOf(context.database, session);
      const named = events.map((event) => ({ ...event, steeredBy: steering.get(event.turn ?? 0) ?? [] }));
      console.log(options.json ? JSON.stringify(named, null, 2) : egressText(named));
    });
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be the number of a turn, such as 1.');
  return Number(text);
}
