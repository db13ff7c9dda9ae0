import { thirdPartiesCountSince } from '../../../slack/people/addressing.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
const at = (minutes: number) => new Date(NOON + minutes * 60_000);
/** Whether a word at `minutes` makes an untagged message at `now` talk between people. */
const counts = (minutes: number, now: number, answered: number | null) =>
  at(minutes) > thirdPartiesCountSince(at(now), answered === null ? null : at(answered));

test('a word of a third party counts for ever when nobody was answered since', () => {
  expect(counts(1, 60, null)).toBe(true);
  expect(counts(1, 60, 0.5)).toBe(true);
  expect(counts(11, 600, 11)).toBe(true);
});

test('a word of a third party counts for 15 minutes, answered or not', () => {
  expect(counts(1, 3, 2)).toBe(true);
  expect(counts(1, 15.9, 2)).toBe(true);
  expect(counts(10, 17, 11)).toBe(true);
});

test('a third party is gone when silent for 15 minutes and answered since', () => {
  expect(counts(1, 16, 2)).toBe(false);
  expect(counts(10, 25, 11)).toBe(false);
});
