import { createTokenAnswers } from '../../../proxy/request/token-answers.ts';

type Judged = Parameters<ReturnType<typeof createTokenAnswers>>[0];

const OWN = { id: 'personal/github', owner: 'person:T1:UADA', credentialVersion: 7 };
const judged = { decision: { outcome: 'injected', rule: { connection: OWN } }, lease: {} } as unknown as Judged;

const settled = () => new Promise((resolve) => setImmediate(resolve));

test.each([200, 204])('%i says that a token is taken, and 401 that it is not', async (status) => {
  const noted: boolean[] = [];
  const answers = createTokenAnswers({ note: async (_, isRefused) => void noted.push(isRefused), onError: fail });
  answers(judged, 401);
  answers(judged, 401);
  answers(judged, status);
  await settled();
  expect(noted).toEqual([true, false]);
});

test.each([null, 101, 302, 304, 403, 404, 500])('%p says nothing of a token', async (status) => {
  const noted: boolean[] = [];
  const answers = createTokenAnswers({ note: async (_, isRefused) => void noted.push(isRefused), onError: fail });
  answers(judged, status);
  await settled();
  expect(noted).toEqual([]);
});

test('what was answered last is noted last, however long the first note takes', async () => {
  const noted: boolean[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const note = async (_: unknown, isRefused: boolean): Promise<void> => {
    if (isRefused) await held;
    noted.push(isRefused);
  };
  const answers = createTokenAnswers({ note, onError: fail });
  answers(judged, 401);
  answers(judged, 200);
  await settled();
  release();
  await settled();
  expect(noted).toEqual([true, false]);
});

test('a note that fails does not let an older answer be noted after a newer one', async () => {
  const noted: string[] = [];
  const failing = Promise.withResolvers<void>();
  const slow = Promise.withResolvers<void>();
  const notes = [failing.promise, slow.promise, Promise.resolve()];
  const note = async (_: unknown, isRefused: boolean): Promise<void> => {
    await notes.shift();
    noted.push(isRefused ? 'refused' : 'taken');
  };
  const answers = createTokenAnswers({ note, onError: () => undefined });
  answers(judged, 401);
  answers(judged, 200);
  failing.reject(new Error('the database is away'));
  await settled();
  answers(judged, 401);
  await settled();
  slow.resolve();
  await settled();
  expect(noted).toEqual(['taken', 'refused']);
});

function fail(error: unknown): void {
  throw error;
}
