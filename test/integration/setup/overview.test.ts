import { statusText } from '../../../cli/status-text.ts';
import { overview } from '../../../store/overview.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

describe('bellhop status', () => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await createTestDatabase();
  });
  afterEach(async () => {
    await test[Symbol.asyncDispose]();
  });

  it('says that a fresh installation has nothing yet', async () => {
    const text = statusText(await overview(test.database), new Date());
    expect(text.split('\n')).toEqual([
      'Threads: none yet',
      'Runners: none has said that it lives',
      'Places  nothing waits',
      'Inbox   nothing waits',
      'Outbox  nothing waits',
    ]);
  });

  it('shows threads with names, runners with their health, and what waits for how long', async () => {
    await test.database.query(`
      insert into channel (team, id, name, kind) values ('T', 'C1', 'ops', 'public');
      insert into person (team, id, name, class) values ('T', 'U1', 'ada', 'member');
      insert into session (id, team, channel, thread_ts, scope, principal, state)
        values ('slack:T:C1:1', 'T', 'C1', '1', 's', 'p', 'idle'), ('slack:T:C1:2', 'T', 'C1', '2', 's', 'p', 'working'),
               ('slack:T:C2:3', 'T', 'C2', '3', 's', 'p', 'closed');
      insert into turn (session, number, claim, requester, state, started_at)
        values ('slack:T:C1:1', 1, 'a', 'U1', 'answered', now() - interval '2 hours'),
               ('slack:T:C1:2', 1, 'b', 'U1', 'answered', now() - interval '1 hour'),
               ('slack:T:C1:2', 2, 'c', 'U9', 'running', now() - interval '30 seconds');
      insert into step (session, turn, number, kind) values ('slack:T:C1:2', 2, 1, 'model');
      insert into runner (id, capacity, runtime) values ('r1', 60, 'runc');
      insert into runner (id, capacity, runtime, lacks, tools, draining, beat_at) values ('r2', 10, 'runsc', array['image', 'proxy'], 'full', true, now() - interval '10 minutes');
      insert into sandbox (id, session, runner, state, working_turn) values
        ('s1', 'slack:T:C1:2', 'r1', 'running', 2), ('s2', 'slack:T:C1:1', 'r1', 'paused', null);
      insert into place_request (session, turn, asked_at) values ('slack:T:C2:3', 1, now() - interval '40 seconds');
      insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, address, received_at)
        values ('e1', 'message', 'T', 'C1', '9', '9', 'U1', 'mention', now() - interval '3 minutes');
      insert into outbox (key, kind, team, channel, body, failed) values ('k1', 'message', 'T', 'C1', '{}', 'not_in_channel');
      insert into outbox (key, kind, team, channel, body) values ('k2', 'message', 'T', 'C1', '{}');`);
    const seen = await overview(test.database);
    const lines = statusText(seen, new Date())
      .split('\n')
      .map((line) => line.replaceAll(/ {2,}/g, ' | '));
    expect(lines).toEqual([
      'Threads',
      ' | #ops | working | turn 2 running (1 step) | U9 | 30 s ago | slack:T:C1:2',
      ' | #ops | idle | turn 1 answered (0 steps) | ada | 2 h ago | slack:T:C1:1',
      'Runners',
      ' | r1 | alive | 2 of 60 sandboxes, 1 at work | runc | base tools',
      ' | r2 | silent for 10 min | 0 of 10 sandboxes, 0 at work | runsc | full tools | draining, not ready: lacks image, proxy',
      'Places | 1 in line for a sandbox, the oldest for 40 s',
      'Inbox | 1 not yet with its session, the oldest for 3 min',
      expect.stringMatching(/^Outbox \| 1 not yet in Slack, the oldest for \d s; 1 given up in the last 24 hours$/),
    ]);
  });
});
