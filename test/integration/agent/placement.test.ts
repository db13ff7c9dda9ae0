import { sayPlaces } from '../../../activities/say-places.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { inTransaction } from '../../../store/database.ts';
import { forgetThread } from '../../../store/forget-thread.ts';
import { grantPlaces, takeUntold } from '../../../store/grant-places.ts';
import { placesOverview } from '../../../store/places.ts';
import { setDraining } from '../../../store/runners.ts';
import { noteRest, setSandboxState } from '../../../store/sandboxes.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createPlacing, type Placing, type Turn } from './support/placing.ts';

let db: TestDatabase;
let stage: Placing;

beforeEach(async () => {
  db = await createTestDatabase();
  stage = createPlacing(db.database);
});
afterEach(() => db[Symbol.asyncDispose]());

describe('granting', () => {
  test('of thirty that ask at the same time as many are placed as there is room, and the others are in line', async () => {
    await Promise.all([stage.runner('r1', 3), stage.runner('r2', 2)]);
    const turns = await Promise.all(Array.from({ length: 30 }, () => stage.begun()));
    const answers = await Promise.all(turns.map((turn) => stage.place(turn)));
    const runners = answers.flatMap((answer) => ('runner' in answer ? [answer.runner] : []));
    expect(runners.sort()).toEqual(['r1', 'r1', 'r1', 'r2', 'r2']);
    expect(answers.filter((answer) => 'waitsFor' in answer)).toHaveLength(25);
    expect(answers).toContainEqual({ waitsFor: 'RunnersFull' });
    expect(await stage.requests()).toBe(25);
  });

  test('a place that becomes free goes to the first in line, who is signalled until he has asked for it', async () => {
    await stage.runner('r1', 1);
    const [works, first, second] = [await stage.begun(), await stage.begun(), await stage.begun()];
    await stage.placed(works);
    expect(await stage.place(first)).toEqual({ waitsFor: 'RunnersFull' });
    expect(await stage.place(second)).toEqual({ waitsFor: 'RunnersFull' });
    await stage.finish(works);
    expect(await grantPlaces(db.database)).toBe(1);
    expect(await takeUntold(db.database, 10)).toEqual([first.session]);
    expect(await takeUntold(db.database, 10)).toEqual([]);
    await db.database.query("update place_request set told_at = now() - interval '20 seconds'");
    expect(await takeUntold(db.database, 10)).toEqual([first.session]);
    expect(await stage.placed(first)).toMatchObject({ runner: 'r1' });
    await db.database.query("update place_request set told_at = now() - interval '20 seconds'");
    expect(await takeUntold(db.database, 10)).toEqual([]);
  });

  test('a turn whose thread was forgotten while it was in line gets no place, where it would leave files', async () => {
    await stage.runner('r1', 1);
    const [works, forgotten, next] = [await stage.begun(), await stage.begun(), await stage.begun()];
    await stage.placed(works);
    await stage.place(forgotten);
    await stage.place(next);
    await inTransaction(db.database, (tx) => forgetThread(tx, forgotten.session, '1'));
    await stage.finish(works);
    await grantPlaces(db.database);
    expect(await stage.place(next)).toMatchObject({ runner: 'r1' });
    const { rows } = await db.database.query('select id from sandbox where session = $1', [forgotten.session]);
    expect(rows).toEqual([]);
  });

  test('one busy channel does not keep the places from the others: they are served in turn', async () => {
    await stage.runner('r1', 4);
    const busy = await Promise.all(Array.from({ length: 12 }, () => stage.begunIn('C1')));
    for (const turn of busy) await stage.place(turn, true);
    const quiet = [await stage.begunIn('C2'), await stage.begunIn('C3')];
    for (const turn of quiet) expect(await stage.place(turn, true)).toEqual({ waitsFor: 'RunnersFull' });
    for (const turn of busy.slice(0, 2)) await stage.finish(turn);
    await grantPlaces(db.database);
    for (const turn of quiet) expect(await stage.place(turn)).toMatchObject({ runner: 'r1' });
    expect(await stage.place(busy[4] as Turn)).toEqual({ waitsFor: 'RunnersFull' });
  });

  test('a resting sandbox takes no place from a turn', async () => {
    await stage.runner('r1', 1);
    const [rested, next] = [await stage.begun(), await stage.begun()];
    const { sandbox } = await stage.placed(rested);
    await setSandboxState(db.database, sandbox, 'running');
    await stage.finish(rested);
    await noteRest(db.database, sandbox, 'paused');
    expect(await stage.placed(next)).toMatchObject({ runner: 'r1' });
    expect(await placesOverview(db.database)).toEqual({
      waiting: 0,
      oldestFor: null,
      runners: [{ runner: 'r1', capacity: 1, working: 1, resting: 1 }],
    });
  });

  test('eighty old threads that are woken on a runner of sixty: sixty work there, and twenty wait for it', async () => {
    await Promise.all([stage.runner('r1', 60), stage.runner('r2', 60)]);
    await setDraining(db.database, 'r2', true);
    const sessions: SessionId[] = [];
    for (let n = 0; n < 80; n += 1) {
      // A runner that is silent for 15 seconds gets no work, and this may take longer.
      await stage.runner('r1', 60);
      const turn = await stage.begun();
      const { sandbox } = await stage.placed(turn);
      await setSandboxState(db.database, sandbox, 'running');
      await stage.finish(turn);
      await noteRest(db.database, sandbox, 'removed');
      sessions.push(turn.session);
    }
    await setDraining(db.database, 'r2', false);
    const woken = await Promise.all(sessions.map((session) => stage.begun(session)));
    const answers = await Promise.all(woken.map((turn) => stage.place(turn)));
    expect(answers.filter((answer) => 'runner' in answer && answer.runner === 'r1')).toHaveLength(60);
    expect(answers.filter((answer) => 'waitsFor' in answer)).toHaveLength(20);
  }, 60_000);

  test('a process that froze while it held a session does not keep the others waiting', async () => {
    await stage.runner('r1', 2);
    const [stuck, other] = [await stage.begun(), await stage.begun()];
    await db.database.query('insert into place_request (session, turn) values ($1, 1), ($2, 1)', [
      stuck.session,
      other.session,
    ]);
    await inTransaction(db.database, async (frozen) => {
      await lockSession(frozen, stuck.session);
      expect(await grantPlaces(db.database)).toBe(1);
      expect(await takeUntold(db.database, 10)).toEqual([other.session]);
    });
    expect(await grantPlaces(db.database)).toBe(1);
  });
});

describe('runners', () => {
  test('turns that fit on no open runner hide nobody whose draining runner has room', async () => {
    await stage.runner('r1', 1);
    const home = await stage.begunIn('C1');
    await stage.finish(home);
    await setDraining(db.database, 'r1', true);
    const strangers = [await stage.begunIn('C1'), await stage.begunIn('C1')];
    for (const stranger of strangers) expect(await stage.place(stranger, true)).toHaveProperty('waitsFor');
    expect(await stage.place(await stage.begun(home.session), true)).toMatchObject({ runner: 'r1' });
  });

  test('a session goes back to the runner of its files, also when it drains', async () => {
    await stage.runner('r1', 1);
    const first = await stage.begun();
    const before = await stage.placed(first);
    await setSandboxState(db.database, before.sandbox, 'running');
    await stage.finish(first);
    await setDraining(db.database, 'r1', true);
    expect(await stage.placed(await stage.begun(first.session))).toEqual(before);
    const fresh = await stage.begun();
    expect(await stage.place(fresh, true)).toEqual({ waitsFor: 'RunnerUnavailable' });
    await stage.ages(fresh, 6);
    await sayPlaces(db.database);
    expect(await stage.told(fresh.session)).toEqual([expect.stringMatching(/I wait for one and start by myself/)]);
  });

  test.each([
    [['image'], 'SandboxImageMissing'],
    [['proxy'], 'RunnerUnavailable'],
    [['engine'], 'RunnerUnavailable'],
  ] as const)('a runner that lacks its %s is given no work', async (lacks, waitsFor) => {
    await Promise.all([stage.runner('r1', 60, lacks), stage.runner('r2', 1)]);
    expect(await stage.placed(await stage.begun())).toMatchObject({ runner: 'r2' });
    await db.database.query("delete from runner where id = 'r2'");
    expect(await stage.place(await stage.begun())).toEqual({ waitsFor });
    await stage.runner('r1', 60);
    expect(await grantPlaces(db.database)).toBe(1);
  });

  test('without a runner the turn waits for one', async () => {
    const turn = await stage.begun();
    expect(await stage.place(turn)).toEqual({ waitsFor: 'RunnerUnavailable' });
    await stage.runner('r1', 1);
    expect(await grantPlaces(db.database)).toBe(1);
    expect(await stage.placed(turn)).toMatchObject({ runner: 'r1' });
  });

  test('a session whose runner has been silent for a while waits for it', async () => {
    await Promise.all([stage.runner('r1', 5), stage.runner('r2', 5)]);
    const first = await stage.begun();
    const { runner: home } = await stage.placed(first);
    await stage.finish(first);
    const silent = (seconds: number) =>
      db.database.query('update runner set beat_at = now() - make_interval(secs => $2) where id = $1', [home, seconds]);
    await silent(30);
    const next = await stage.begun(first.session);
    expect(await stage.place(next)).toEqual({ waitsFor: 'RunnerUnavailable' });
    await silent(0);
    expect(await stage.placed(next)).toMatchObject({ runner: home });
  });

  test('a session whose runner has been silent for a minute is placed anew, and told once that its files are lost', async () => {
    await Promise.all([stage.runner('r1', 5), stage.runner('r2', 5)]);
    const first = await stage.begun();
    const before = await stage.placed(first);
    await setSandboxState(db.database, before.sandbox, 'running');
    await stage.finish(first);
    await db.database.query("update runner set beat_at = now() - interval '61 seconds' where id = $1", [before.runner]);
    const next = await stage.begun(first.session);
    const after = await stage.placed(next);
    expect(after.runner).not.toBe(before.runner);
    expect(after.sandbox).not.toBe(before.sandbox);
    expect(await stage.placed(next)).toEqual(after);
    expect(await stage.told(next.session)).toEqual([
      expect.stringMatching(/is gone, so the files of earlier turns are lost/),
    ]);
  });
});

describe('attempts', () => {
  test('every attempt of one turn gets the same place', async () => {
    await Promise.all([stage.runner('r1', 5), stage.runner('r2', 5)]);
    const turn = await stage.begun();
    const answers = await Promise.all([stage.place(turn), stage.place(turn), stage.place(turn)]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await stage.requests()).toBe(0);
  });

  test('a late attempt of a turn that is over changes nothing, also when the runner is gone since', async () => {
    await stage.runner('r1', 5);
    const old = await stage.begun();
    await stage.finish(old);
    const next = await stage.begun(old.session);
    const present = await stage.placed(next);
    await Promise.all([
      stage.runner('r2', 5),
      db.database.query("update runner set beat_at = now() - interval '2 minutes' where id = 'r1'"),
    ]);
    await expect(stage.place(old)).rejects.toMatchObject({ code: 'TurnOver' });
    expect(await stage.placed(next)).toEqual(present);
  });

  test('the end of a turn withdraws its request, and gives back a place that nobody has collected', async () => {
    await stage.runner('r1', 1);
    const [works, leaves, last] = [await stage.begun(), await stage.begun(), await stage.begun()];
    await stage.placed(works);
    await stage.place(leaves);
    await stage.end(leaves);
    expect(await stage.requests()).toBe(0);
    await stage.place(last);
    await stage.finish(works);
    await grantPlaces(db.database);
    await stage.end(last);
    expect((await placesOverview(db.database)).runners).toMatchObject([{ working: 0, resting: 1 }]);
    await expect(stage.place(last)).rejects.toMatchObject({ code: 'TurnOver' });
  });
});
