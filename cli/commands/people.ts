import type { Command } from 'commander';
import { listPersonalConnections } from '../../store/personal-connections.ts';
import { listPersonalSettings } from '../../store/personal-settings.ts';
import { currentPolicy } from '../../store/policy.ts';
import { openCliContext } from '../context.ts';
import { peopleText, shownConnection, shownSettings } from '../people/people-text.ts';
import { revokePeople } from '../people/revoke-people.ts';

interface Options {
  readonly json?: boolean;
}

/** `bellhop people`: lists and revokes what people have connected and set for themselves. It shows no secret. */
export function register(program: Command): void {
  const people = program
    .command('people')
    .description('what people have connected and set for themselves; never a secret');
  people
    .command('list')
    .description('who has connected and set what, and since when')
    .option('--json', 'print it as JSON')
    .action(async ({ json }: Options) => {
      await using context = await openCliContext();
      const { people: offered } = await currentPolicy(context.database);
      const names = new Set(offered?.offers.map(({ name }) => name));
      const shown = [
        ...(await listPersonalConnections(context.database)).map((each) => shownConnection(each, names)),
        ...(await listPersonalSettings(context.database)).map((each) => shownSettings(each, offered?.models ?? [])),
      ];
      console.log(json ? JSON.stringify(shown, null, 2) : peopleText(shown));
    });
  people
    .command('revoke')
    .description('take it away: it is gone for the next request')
    .argument('<person>', 'the id in Slack, or the name that Slack shows')
    .argument('[connection]', 'only this one, such as github; settings for what they have set')
    .option('--json', 'print what was taken away as JSON')
    .action(async (person: string, connection: string | undefined, { json }: Options) => {
      await using context = await openCliContext();
      const revoked = await revokePeople(context.database, { person, connection: connection ?? null });
      const shown = revoked.map(({ team, person: id, name, connection: of }) => ({
        team,
        person: id,
        name,
        connection: of,
      }));
      console.log(
        json
          ? JSON.stringify(shown, null, 2)
          : shown
              .map((each) => `Revoked ${each.connection} of ${each.name ?? each.person} (${each.person}).`)
              .join('\n'),
      );
    });
}
