import { createAnswerBudget } from '../../../mcp/answer-budget.ts';

test('a sandbox has a share of the memory for answers, and its sessions give theirs back', () => {
  const budget = createAnswerBudget({ perSandbox: 10, inAll: 25 });
  const [first, second] = [budget.open('one'), budget.open('one')];
  expect([first.take(5), first.take(3), second.take(3)]).toEqual([true, true, false]);
  expect(budget.open('two').take(10)).toBe(true);
  expect(budget.open('three').take(8)).toBe(false);
  first.close();
  expect(second.take(10)).toBe(true);
  expect(budget.open('three').take(6)).toBe(false);
  second.close();
  expect(budget.open('three').take(10)).toBe(true);
});

test('a session that is over takes nothing more', () => {
  const budget = createAnswerBudget({ perSandbox: 10, inAll: 10 });
  const room = budget.open('one');
  room.take(5);
  room.close();
  expect(room.take(5)).toBe(false);
  room.close();
  expect(budget.open('one').take(10)).toBe(true);
});
