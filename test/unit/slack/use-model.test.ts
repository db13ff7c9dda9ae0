import { choiceAmong, wantedModel } from '../../../slack/delivery/use-model.ts';
import type { InboxRow } from '../../../store/inbox.ts';

const IDENTITY = { botUser: 'U0BOT' } as Parameters<typeof wantedModel>[0];
const MODELS = { choices: ['large', 'small'], known: ['large', 'small', 'secret'] };

function wanted(text: string, more: Partial<InboxRow> = {}) {
  return wantedModel(IDENTITY, { kind: 'message', files: [], text, ...more } as InboxRow);
}

test.each([
  ['<@U0BOT> use large here', 'large'],
  ['Use the LARGE model in this thread.', 'large'],
  ['use model gpt-5 for this thread', 'gpt-5'],
  ['<@U0BOT> !use large', 'large'],
  ['! use large here', 'large'],
])('%j chooses %s', (text, name) => {
  expect(wanted(text)?.name).toBe(name);
});

test('!use alone is a look', () => {
  expect(wanted('<@U0BOT> !use')).toEqual({ name: null, marked: true });
});

test.each([
  'use large',
  'use large type here',
  'please do use large here and chart it',
  'we use large here, right?',
  '!used large',
])('%j chooses nothing', (text) => {
  expect(wanted(text)).toBeNull();
});

test('with a file beside it, it is a request', () => {
  expect(wanted('use large here', { files: [{}] as unknown as InboxRow['files'] })).toBeNull();
});

test.each([
  ['a name that may be chosen', 'use large here', 'thread', true],
  ['a model that may not be chosen', 'use secret here', 'thread', true],
  ['any other word to the agent', 'use docker here', 'mention', true],
  ['any other word to somebody', 'use docker here', 'thread', false],
  ['a typo of a model to anybody', 'use lagre here', 'thread', true],
  ['a typo of the usual one', 'use usaul here', 'thread', true],
  ['a word too short for a typo', 'use git here', 'thread', false],
  ['a pronoun', 'use this here', 'mention', false],
  ['a pronoun to somebody', 'use these here', 'thread', false],
  ['any word behind !', '!use docker', 'thread', true],
] as const)('%s: %j in a %s is meant: %s', (_, text, address, meant) => {
  const found = wanted(text);
  if (!found) throw new Error('nothing was wanted');
  expect(choiceAmong({ address }, found, MODELS) !== null).toBe(meant);
});

test('where nothing can be chosen, words that name no model go to the agent', () => {
  const found = wanted('use docker here');
  expect(found && choiceAmong({ address: 'mention' }, found, { choices: [], known: ['large'] })).toBeNull();
});
