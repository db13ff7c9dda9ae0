import { channelOf, classOf } from '../../../slack/people/directory-shapes.ts';
import { refusalOf } from '../../../slack/people/who-may-speak.ts';

const identity = {
  team: 'T1',
  teamName: 'Acme',
  workspaceUrl: 'https://acme.slack.com/',
  botUser: 'U0BOT',
  botId: 'B0BOT',
  botName: 'bellhop',
  enterprise: null,
};
const channel = { kind: 'public', external: false } as const;

test.each([
  ['a member', { team_id: 'T1' }, 'member'],
  ['a guest', { team_id: 'T1', is_restricted: true }, 'guest'],
  ['a single-channel guest', { team_id: 'T1', is_restricted: true, is_ultra_restricted: true }, 'guest'],
  ['somebody of another organization', { team_id: 'T2' }, 'external'],
  ['a stranger', { team_id: 'T1', is_stranger: true }, 'external'],
  ['a bot', { team_id: 'T1', is_bot: true }, 'bot'],
  ['a workflow', { team_id: 'T1', is_workflow_bot: true }, 'bot'],
  ['Slackbot, which Slack does not call a bot', { id: 'USLACKBOT', team_id: 'T1', is_bot: false }, 'bot'],
  ['somebody who has left', { team_id: 'T1', deleted: true }, 'unknown'],
  ['somebody without a team', {}, 'external'],
])('%s is classed %s', (_, user, expected) => {
  expect(classOf(user, identity)).toBe(expected);
});

test('in one Enterprise Grid organization, people of its other workspaces are members', () => {
  const grid = { ...identity, enterprise: 'E1' };
  expect(classOf({ team_id: 'T2', enterprise_user: { enterprise_id: 'E1' } }, grid)).toBe('member');
  expect(classOf({ team_id: 'T2', enterprise_user: { enterprise_id: 'E2' } }, grid)).toBe('external');
});

test.each([
  [{ is_ext_shared: true }, true],
  [{ is_pending_ext_shared: true }, true],
  [{ pending_shared: ['T9'] }, true],
  [{ is_shared: true }, true],
  [{ is_shared: true, is_org_shared: true }, false],
  [{}, false],
])('a channel with %p is shared with others: %p', (shape, external) => {
  expect(channelOf(shape, 'C1', identity).external).toBe(external);
});

test('members speak in channels that are theirs and switched on', () => {
  expect(refusalOf({ author: 'member', channel, off: null })).toBeNull();
  expect(refusalOf({ author: 'member', channel, off: 'disabled' })).toBe('disabled');
  expect(refusalOf({ author: 'member', channel: { kind: 'mpim', external: false }, off: 'group-messages' })).toBe(
    'group-messages',
  );
  expect(refusalOf({ author: 'member', channel, off: 'shared-channel' })).toBe('shared-channel');
  expect(refusalOf({ author: 'member', channel, off: 'guests' })).toBe('guests');
});

test('what cannot be looked up is refused', () => {
  expect(refusalOf({ author: null, channel, off: null })).toBe('unknown-person');
  expect(refusalOf({ author: 'unknown', channel, off: null })).toBe('unknown-person');
  expect(refusalOf({ author: 'member', channel: null, off: null })).toBe('unknown-channel');
});

test('an outsider learns nothing about the channel', () => {
  expect(refusalOf({ author: 'guest', channel, off: 'shared-channel' })).toBe('guest');
  expect(refusalOf({ author: 'external', channel, off: 'guests' })).toBe('external');
  expect(refusalOf({ author: 'guest', channel: null, off: null })).toBe('guest');
});

test('where outsiders are not refused, one is heard like everybody else', () => {
  expect(refusalOf({ author: 'guest', channel, off: null })).toBeNull();
  expect(refusalOf({ author: 'external', channel, off: null })).toBeNull();
  expect(refusalOf({ author: 'guest', channel, off: 'disabled' })).toBe('disabled');
});

test('an outsider has no direct messages, and a bot is never heard', () => {
  expect(refusalOf({ author: 'guest', channel: { kind: 'im', external: false }, off: null })).toBe('guest');
  expect(refusalOf({ author: 'bot', channel, off: null })).toBe('bot');
});
