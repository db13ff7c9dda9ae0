import { commandOf, isMarked, taggedPeople, tagsOthers } from '../../../slack/receiving/commands.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const BOT = 'U0BOT';

test.each([
  ['<@U0BOT> stop', 'stop'],
  ['<@U0BOT|bellhop>  Stop!', 'stop'],
  ['stop <@U0BOT>', 'stop'],
  ['<@U0BOT> status', 'status'],
  ['<@U0BOT> help.', 'help'],
  ['<@U0BOT>', 'help'],
  ['<@U0BOT> Stop, please!', 'stop'],
  ['please stop <@U0BOT>', 'stop'],
  ['stop now', 'stop'],
  ['<@U0BOT> STATUS?', 'status'],
  ['<@U0BOT> help me', 'help'],
  ['<@U0BOT> help me with this', null],
  ['!status', 'status'],
  ['<@U0BOT> !Mute', 'mute'],
  ['<@U0BOT> ! unmute please', 'unmute'],
  ['mute', 'mute'],
  ['mute the alarm', null],
  ['!!!', 'help'],
  ['<@U2> stop', null],
  ['<@U0BOT> please', null],
  ['<@U0BOT> constructor', null],
  ['<@U0BOT> stop sending me reports', null],
  ['<@U0BOT> how do I stop a container?', null],
  ['<@U0BOT> build a bot that reacts to "stop"', null],
  ['<@U0BOTX> stop', null],
])('%s is the command %s', (text, command) => {
  expect(commandOf(text, BOT)).toBe(command);
});

test.each(['.', '?', ' .', '<@U0BOT|', '!,'])('a long message of %p is read in a moment', (part) => {
  const text = `${part.repeat(40_000)}x`;
  const spentMs = countCpuTime();
  expect(commandOf(text, BOT)).toBeNull();
  tagsOthers(text, BOT);
  expect(spentMs()).toBeLessThan(500);
});

test('a mark is a ! with a word behind it', () => {
  expect(isMarked('!status', BOT)).toBe(true);
  expect(isMarked('<@U0BOT> !status', BOT)).toBe(true);
  expect(isMarked('status!', BOT)).toBe(false);
  expect(isMarked('!!', BOT)).toBe(false);
});

test('who is tagged is known by their ids, each once, without us', () => {
  expect(taggedPeople('<@U0BOT> ask <@U2|ann>, <@W3> and <@U2>; <!here>', BOT)).toEqual(['U2', 'W3']);
});

test('people, user groups and whole channels are others; we are not', () => {
  expect(tagsOthers('<@U0BOT> what do you think', BOT)).toBe(false);
  expect(tagsOthers('<@U0BOT> ask <@U2>', BOT)).toBe(true);
  expect(tagsOthers('<!here> look', BOT)).toBe(true);
  expect(tagsOthers('<!subteam^S1|@ops> look', BOT)).toBe(true);
  expect(tagsOthers('see <#C1|ops> and <https://a.test>', BOT)).toBe(false);
});
