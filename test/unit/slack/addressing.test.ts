import { isAddressed } from '../../../slack/people/addressing.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
const at = (minutes: number) => new Date(NOON + minutes * 60_000);
const message = (author: string, minutes: number, tagsOthers = false) => ({ author, at: at(minutes), tagsOthers });

test('one person who goes on without a mention is talking to the agent', () => {
  const thread = { said: [message('ada', 0)], answeredAt: at(1) };
  expect(isAddressed(message('ada', 2), thread)).toBe(true);
  expect(isAddressed(message('ada', 600), { ...thread, answeredAt: null })).toBe(true);
});

test('a message that tags somebody else is not for the agent', () => {
  expect(isAddressed(message('ada', 2, true), { said: [], answeredAt: null })).toBe(false);
});

test('while two people talk, nothing untagged counts', () => {
  const thread = { said: [message('ada', 0), message('grace', 1)], answeredAt: at(2) };
  expect(isAddressed(message('ada', 3), thread)).toBe(false);
  expect(isAddressed(message('grace', 3), thread)).toBe(false);
});

test('a third party is gone when silent for 15 minutes and answered since', () => {
  const said = [message('ada', 0), message('grace', 1), message('ada', 10)];
  expect(isAddressed(message('ada', 15.9), { said, answeredAt: at(2) })).toBe(false);
  expect(isAddressed(message('ada', 16), { said, answeredAt: at(2) })).toBe(true);
  expect(isAddressed(message('ada', 60), { said, answeredAt: at(0.5) })).toBe(false);
  expect(isAddressed(message('ada', 60), { said, answeredAt: null })).toBe(false);
});

test('what counts is the last word of a third party, in whatever order it is told', () => {
  const said = [message('grace', 10), message('grace', 1)];
  expect(isAddressed(message('ada', 17), { said, answeredAt: at(11) })).toBe(false);
  expect(isAddressed(message('ada', 25), { said, answeredAt: at(11) })).toBe(true);
});
