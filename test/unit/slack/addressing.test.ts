import { isForAgent, type Untagged } from '../../../slack/people/addressing.ts';

const PLAIN: Untagged = {
  listen: 'everyone',
  isMuted: false,
  tagsOthers: false,
  namesUs: false,
  hasAsked: false,
  taggedAt: null,
  answeredAt: null,
};

test.each<[string, Partial<Untagged>, boolean]>([
  ['of anybody', {}, true],
  ['that tags others', { tagsOthers: true }, false],
  ['that tags others and names the agent', { tagsOthers: true, namesUs: true }, false],
  ['in a muted thread', { isMuted: true, namesUs: true, hasAsked: true }, false],
  ['where only mentions count', { listen: 'mentions', hasAsked: true }, false],
  ['of somebody who has not asked, where only those count who have', { listen: 'requester' }, false],
  ['of somebody who has asked there', { listen: 'requester', hasAsked: true }, true],
  ['of somebody who has just been tagged by another person', { taggedAt: 100 }, false],
  ['of somebody who was tagged, and names the agent', { taggedAt: 100, namesUs: true }, true],
  ['of somebody who was tagged before the agent answered', { taggedAt: 100, answeredAt: new Date(101_000) }, true],
  ['of somebody who was tagged after the agent answered', { taggedAt: 100, answeredAt: new Date(99_000) }, false],
])('an untagged message %s', (_, known, expected) => {
  expect(isForAgent({ ...PLAIN, ...known })).toBe(expected);
});
