import type { KnownChannel } from '../../../access/find-channel.ts';
import { resolveFile } from '../../../access/resolve-file.ts';
import { fileOf } from '../../support/access-yaml.ts';

const MONDAY = new Date('2026-11-23T10:00:00Z');
const SUNDAY = new Date('2026-11-22T10:00:00Z');
const CHANNELS: KnownChannel[] = [
  { team: 'T1', id: 'C1', name: 'ops', seenAt: MONDAY },
  { team: 'T1', id: 'C2', name: 'general', seenAt: MONDAY },
];

function scopesOf(text: string, channels = CHANNELS): string[] {
  const resolved = resolveFile(fileOf(text), channels);
  if ('problems' in resolved) return resolved.problems.map(({ line, message }) => `line ${line}: ${message}`);
  return resolved.scopes.map(({ scope, label }) => `${scope} ${label}`);
}

test('names and ids become scopes, labelled by the name', () => {
  const scopes = ['organization organization', 'channel:T1:C1 #ops'];
  expect(scopesOf('channels: { "#ops": {} }')).toEqual(scopes);
  expect(scopesOf('channels: { ops: {} }')).toEqual(scopes);
  expect(scopesOf('channels: { C1: {} }')).toEqual(scopes);
});

test('an unknown name is reported with similar names', () => {
  expect(scopesOf('channels:\n  "#opps": {}\n  "#elsewhere": {}')).toEqual([
    'line 2: there is no channel #opps that Bellhop can see (did you mean #ops?)',
    'line 3: there is no channel #elsewhere that Bellhop can see',
  ]);
});

test('before Slack is connected, names cannot be looked up', () => {
  expect(scopesOf('channels: { "#ops": {} }', [])).toEqual([
    'line 1: #ops cannot be looked up: no channel is known before Bellhop is connected to Slack',
  ]);
});

test('a channel that is named twice is refused', () => {
  expect(scopesOf('channels:\n  "#ops": {}\n  C1: {}')).toEqual(['line 3: C1 is the same channel as #ops above']);
});

test('a name that was given to another channel means the one seen last', () => {
  const renamed = [{ team: 'T1', id: 'C0', name: 'ops', seenAt: SUNDAY }, ...CHANNELS];
  expect(scopesOf('channels: { "#ops": {} }', renamed)).toContain('channel:T1:C1 #ops');
});

describe('with several workspaces', () => {
  const channels = [...CHANNELS, { team: 'T2', id: 'C7', name: 'ops', seenAt: SUNDAY }];

  test('a name in two of them needs the workspace', () => {
    expect(scopesOf('channels: { "#ops": {} }', channels)).toEqual([
      "line 1: several workspaces have a channel #ops: write the channel's id instead",
    ]);
    expect(scopesOf('workspace: { id: T2 }\nchannels: { "#ops": {} }', channels)).toContain('channel:T2:C7 #ops');
  });

  test('the workspace itself has to be named', () => {
    expect(scopesOf('workspace: {}', channels)).toEqual(['line 1: say which workspace by its id; known are T1, T2']);
    expect(scopesOf('workspace: {}')).toContain('workspace:T1 workspace');
  });
});

test('schedules have the id of their channel', () => {
  const text = 'schedules:\n  a: { channel: "#general", cron: 0 9 * * *, timezone: UTC, prompt: hello }';
  expect(resolveFile(fileOf(text), CHANNELS)).toMatchObject({
    schedules: [{ name: 'a', team: 'T1', channel: 'C2', cron: '0 9 * * *', timezone: 'UTC', prompt: 'hello' }],
  });
});
