import { personalCommandOf } from '../../../slack/personal/own-commands.ts';
import { settingsCommandOf } from '../../../slack/personal/settings-commands.ts';
import { instructionsProblem, limitProblem } from '../../../slack/personal/settings-words.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

test.each([
  ['instructions', { verb: 'instructions', clear: false }],
  ['My instructions.', { verb: 'instructions', clear: false }],
  ['clear instructions', { verb: 'instructions', clear: true }],
  ['model', { verb: 'model', name: null }],
  ['<@UBOT> model large', { verb: 'model', name: 'large' }],
  ['use model large', { verb: 'model', name: 'large' }],
  ['limits', { verb: 'limits', change: null }],
  ['limits none', { verb: 'limits', change: 'none' }],
  ['limit 20 steps', { verb: 'limits', change: { limit: 'steps', value: 20 } }],
  ['limits 200,000 tokens', { verb: 'limits', change: { limit: 'tokens', value: 200_000 } }],
  ['limits 1.000.000 tokens', { verb: 'limits', change: { limit: 'tokens', value: 1_000_000 } }],
  ['limits 1 minute', { verb: 'limits', change: { limit: 'minutes', value: 1 } }],
])('%s', (text, command) => {
  expect(settingsCommandOf(text, 'UBOT')).toEqual(command);
});

test.each([
  'model large data sets with me',
  'what are your instructions?',
  'instructions for the release: tag it, then build it',
  'limits of the api',
  'limits 20',
  'modelling',
])('%s is work', (text) => {
  expect(settingsCommandOf(text, 'UBOT')).toBeNull();
});

test.each([
  'limits 1.5 minutes',
  'limits 1,50 minutes',
  'limits 0.500 minutes',
  'limits 10000,000 tokens',
  'limits 1,000.000 tokens',
  'limits 20. steps',
  'limits 1..000 steps',
])('%s names no whole number, and is answered so', (text) => {
  const command = settingsCommandOf(text, 'UBOT');
  if (command?.verb !== 'limits' || command.change === null || command.change === 'none') throw new Error('no limit');
  const { limit, value } = command.change;
  expect(limitProblem(limit, value)?.text).toMatch(/whole number between 1 and [\d,]+\./);
});

test.each([
  ['spaces', `model${' '.repeat(200_000)}x`],
  ['stops', `connect ${'.'.repeat(200_000)}x`],
  ['words', 'model '.repeat(40_000)],
])('a text of many %s is no command, and is read at once', (_what, text) => {
  const spentMs = countCpuTime();
  expect(settingsCommandOf(text, 'UBOT')).toBeNull();
  expect(personalCommandOf(text, 'UBOT')).toBeNull();
  expect(spentMs()).toBeLessThan(1_000);
});

test('instructions are bounded, and hold no token', () => {
  expect(instructionsProblem('Answer in German.')).toBeNull();
  expect(instructionsProblem('')).toBeNull();
  expect(instructionsProblem('x'.repeat(3_001))).toMatch(/longer than 3000 characters/);
  expect(instructionsProblem(`use ghp_${'a1'.repeat(18)} always`)).toMatch(/looks like a token of GitHub/);
});
