import { Context } from '@temporalio/activity';
import type { FiringInput, ScheduleActivities } from '../contracts/activities.ts';
import { FAILURES } from '../contracts/failures.ts';
import { sessionIdOf, threadOf } from '../contracts/ids.ts';
import { channelScope } from '../contracts/scope.ts';
import { type Database, inTransaction } from '../store/database.ts';
import type { InboxEntry } from '../store/inbox.ts';
import { keepEntries } from '../store/inbox-intake.ts';
import { putMessage } from '../store/outbox.ts';
import { createPolicyReader } from '../store/policy-reader.ts';
import { endingOf, findSchedule, openingMessage, withdrawOpening } from '../store/schedules.ts';
import { whileBeating } from './beating.ts';
import { failure } from './failure.ts';
import { failureText } from './go-on.ts';

const LOOK_EVERY_MS = 1_000;
const BEAT_EVERY_MS = 10_000;

/** The activities of `scheduledTask`. Each is keyed by schedule and due time, so a repeated one changes nothing. */
export function createScheduleActivities({ database }: { readonly database: Database }): ScheduleActivities {
  const policy = createPolicyReader(database);
  return {
    async openThread(firing) {
      const schedule = await findSchedule(database, firing.schedule);
      if (!schedule) return null;
      const { team, channel, name, prompt } = schedule;
      // The opening message shows the prompt. Outsiders do not read it where the agent may not work because of them.
      const off = (await policy()).whyOff(channelScope(team, channel));
      if (off === 'guests' || off === 'shared-channel')
        throw failure('ScheduleRefused', 'the agent may not work in the channel, because of who is in it');
      const key = `${firingKey(firing)}/opening`;
      const text = `Scheduled task *${name}*: ${prompt}`;
      await putMessage(database, { key, team, channel, threadTs: null, body: { kind: 'notice', text }, final: true });
      const opening = await openingMessage(database, key);
      if (opening?.refused) throw failure('ScheduleRefused', `Slack refused the opening message: ${opening.refused}`);
      if (!opening?.ts) throw failure('ScheduleNotPosted', `${key} is not in Slack yet`, { retryAfterMs: 300 });
      return { session: sessionIdOf({ team, channel, threadTs: opening.ts }) };
    },

    async askInThread({ session, ...firing }) {
      const schedule = await findSchedule(database, firing.schedule);
      if (!schedule) throw failure('ScheduleRefused', 'the schedule was taken out of the access file meanwhile');
      const { team, channel, threadTs } = threadOf(session);
      const entry: InboxEntry = {
        eventId: firingKey(firing),
        kind: 'schedule',
        team,
        channel,
        threadTs,
        ts: threadTs,
        author: `schedule:${firing.schedule}`,
        authorClass: 'member',
        address: 'schedule',
        text: schedule.prompt,
        files: [],
      };
      await keepEntries(database, [{ keep: 'always', entry }]);
    },

    awaitTurn({ session, ...firing }) {
      return whileBeating(
        { session },
        async () => {
          for (;;) {
            const ending = await endingOf(database, session, firingKey(firing));
            if (ending === 'refused') throw failure('ScheduleRefused', 'the agent may not work in the channel');
            if (ending !== null) return ending;
            await Context.current().sleep(LOOK_EVERY_MS);
          }
        },
        BEAT_EVERY_MS,
      );
    },

    /** In the thread that was opened, else in the channel. An opening message that is not in Slack yet is taken back. */
    async tellFiringFailed({ session, failure: type, ...firing }) {
      await inTransaction(database, async (db) => {
        const schedule = await findSchedule(db, firing.schedule);
        const place = session ? threadOf(session) : schedule && { ...schedule, threadTs: null };
        if (!place) return;
        const { team, channel, threadTs } = place;
        if (!session) await withdrawOpening(db, `${firingKey(firing)}/opening`);
        const text = session
          ? await failureText(db, session, type)
          : `Scheduled task *${firing.schedule}*: ${FAILURES[type].thread}`;
        const key = `${firingKey(firing)}/failed`;
        await putMessage(db, { key, team, channel, threadTs, body: { kind: 'notice', text }, final: true });
      });
    },
  };
}

function firingKey({ schedule, firedAt }: FiringInput): string {
  return `schedule:${schedule}:${firedAt}`;
}
