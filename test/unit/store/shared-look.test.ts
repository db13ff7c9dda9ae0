import { shareLooks } from '../../../store/shared-look.ts';

/** Looks that end when they are told to. */
function looks() {
  const begun: PromiseWithResolvers<number>[] = [];
  const ask = shareLooks(() => {
    const look = Promise.withResolvers<number>();
    begun.push(look);
    return look.promise;
  });
  return { begun, ask };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test('who asks at the same moment shares a look, and who asks during it is answered by a later one', async () => {
  const { begun, ask } = looks();
  const first = [ask(), ask()];
  await soon();
  expect(begun).toHaveLength(1);
  const late = [ask(), ask(), ask()];
  await soon();
  expect(begun).toHaveLength(1);
  begun[0]?.resolve(1);
  expect(await Promise.all(first)).toEqual([1, 1]);
  await soon();
  expect(begun).toHaveLength(2);
  begun[1]?.resolve(2);
  expect(await Promise.all(late)).toEqual([2, 2, 2]);
});

test('a look that fails is told to those who share it, and the next one begins', async () => {
  const { begun, ask } = looks();
  const first = ask();
  await soon();
  const second = ask();
  begun[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await soon();
  begun[1]?.resolve(2);
  expect(await second).toBe(2);
});
