/** What a proxy does for people beside their requests. Nobody can ask it directly: each thing is a row that a gateway, or the operator, has written. */
import { type Looks, startLooks } from '../../store/looks.ts';
import { type PersonalTestsOptions, startPersonalTests } from '../request/personal-tests.ts';
import type { Sender } from '../request/send-request.ts';
import { type GrantsOptions, startGrants } from './grants.ts';

export interface PeopleWorkOptions {
  readonly tests: Omit<PersonalTestsOptions, 'onError'>;
  readonly grants: Omit<GrantsOptions, 'onError'>;
  readonly sender: () => Pick<Sender, 'recheckPeople'>;
  readonly onError: (error: unknown, what: string) => void;
}

/** How often removals of people are looked for without a notification. */
const REMOVALS_MS = 5_000;

/** Runs the tests that people have asked for, exchanges what they grant, and ends requests with what they have removed. */
export function startPeopleWork({ tests, grants, sender, onError }: PeopleWorkOptions): Looks {
  const work = [
    startPersonalTests({ ...tests, onError }),
    startGrants({ ...grants, onError }),
    startLooks({
      look: () => sender().recheckPeople(),
      onError: (error) => onError(error, 'requests with a connection of a person were not looked at'),
      everyMs: REMOVALS_MS,
    }),
  ];
  return {
    poke() {
      for (const each of work) each.poke();
    },
    async stop() {
      await Promise.all(work.map((each) => each.stop()));
    },
  };
}
