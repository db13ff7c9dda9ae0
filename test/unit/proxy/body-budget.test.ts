import { createBodyBudget } from '../../../proxy/request/body-budget.ts';

const code = (code: string) => expect.objectContaining({ code });

test('a sandbox has a share of the memory for bodies, and gives it back once', () => {
  const budget = createBodyBudget({ perSandbox: 10, inAll: 25 });
  const giveBack = budget.take('one', 8);
  expect(() => budget.take('one', 3)).toThrow(code('too_many_requests'));
  budget.take('two', 10);
  expect(() => budget.take('three', 8)).toThrow(code('too_many_requests'));
  giveBack();
  giveBack();
  budget.take('three', 8);
  expect(() => budget.take('four', 8)).toThrow(code('too_many_requests'));
  budget.take('one', 7);
});

test('more than a sandbox may ever have is refused for good', () => {
  expect(() => createBodyBudget({ perSandbox: 10, inAll: 25 }).take('one', 11)).toThrow(code('body_too_large'));
});
