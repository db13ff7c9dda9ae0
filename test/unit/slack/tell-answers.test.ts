import { createAnswerTeller } from '../../../slack/questions/tell-answers.ts';
import type { Database } from '../../../store/database.ts';

/** A database that has these questions closed, and notes of which their sessions were told. */
function world(ids: readonly string[], { expiring = false } = {}) {
  const told: string[] = [];
  let looks = 0;
  const query = async (text: string, values: readonly unknown[] = []) => {
    if (text.includes('told_at is null')) {
      looks += 1;
      return { rows: ids.filter((id) => !told.includes(id)).map((id) => ({ id, session: id, turn: 1 })) };
    }
    if (text.startsWith('update question set told_at')) told.push(String(values[0]));
    if (text.includes("state = 'open' and expires_at") && expiring) throw new Error('a row cannot be closed');
    return { rows: [] };
  };
  const failures: unknown[] = [];
  const teller = createAnswerTeller({
    database: { query } as unknown as Database,
    signals: {
      answered: async (session) => {
        if (session.startsWith('bad')) throw new Error(`no ${session}`);
        return true;
      },
    },
    onConfirmed: async () => {},
    onTold: () => {},
    onError: (error) => failures.push(error),
    everyMs: 3_600_000,
  });
  return { told, failures, teller, looks: () => looks };
}

async function look({ teller }: ReturnType<typeof world>): Promise<void> {
  teller.poke();
  for (let turns = 0; turns < 2_000; turns += 1) await Promise.resolve();
  await teller.stop();
}

test('an answer that cannot be told keeps no other one back, and is reported once a look', async () => {
  const all = world(['bad', 'good', 'bad-too', 'fine']);
  await look(all);
  expect(all.told).toEqual(['good', 'fine']);
  expect(all.failures).toEqual([new Error('no bad')]);
});

test('answers are told while no question can be closed', async () => {
  const all = world(['good'], { expiring: true });
  await look(all);
  expect(all.told).toEqual(['good']);
  expect(all.failures).toEqual([new Error('a row cannot be closed')]);
});

test('a hundred answers that cannot be told are not tried again at once', async () => {
  const all = world(Array.from({ length: 100 }, (_, at) => `bad${at}`));
  await look(all);
  expect(all.looks()).toBe(1);
});
