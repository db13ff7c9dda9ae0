import type { ElicitRequestFormParams } from '@modelcontextprotocol/sdk/types.js';
import { asksForSecret } from '../../../mcp/asks-for-secret.ts';

type Property = ElicitRequestFormParams['requestedSchema']['properties'][string];

const asks = (message: string, properties: Record<string, Property>) =>
  asksForSecret({ message, requestedSchema: { type: 'object', properties } });
const TEXT = { type: 'string' } as const;
const NUMBER = { type: 'integer' } as const;

test.each<[string, Property]>([
  ['pin', { ...NUMBER, title: 'Your PIN' }],
  ['code', { ...NUMBER, title: 'Pin code' }],
  ['otp', { type: 'number' }],
  ['value', { ...TEXT, description: 'Paste your API token' }],
  ['value', { ...NUMBER, description: 'The PIN of your card' }],
  ['value', { ...NUMBER, description: 'The 6-digit verification code' }],
  ['value', { ...TEXT, title: 'Key', description: 'The password of the database' }],
  ['pwd', TEXT],
  ['tokens', TEXT],
  ['passwd', TEXT],
  ['clientSecrets', TEXT],
  ['userPIN', TEXT],
  ['PINCode', TEXT],
  ['dbpassword', TEXT],
  ['accesstoken', TEXT],
  ['user.pass', TEXT],
  ['value', { ...TEXT, title: 'Pass\u200bword' }],
  ['value', { ...TEXT, title: 'Ｐａｓｓｗｏｒｄ' }],
  ['value', { ...TEXT, title: 'Recovery phrase' }],
  ['value', { ...TEXT, description: 'Name of the token, and the token itself' }],
  ['value', { type: 'array', description: 'Your API keys', items: { type: 'string', enum: ['a'] } }],
])('a field %s %j asks for a secret', (name, property) => {
  expect(asks('Which?', { [name]: property })).toBe(true);
});

test.each<[string, Property]>([
  ['max_tokens', NUMBER],
  ['tokens', NUMBER],
  ['limit', { ...NUMBER, title: 'Token limit', description: 'The most tokens of an answer' }],
  ['limit', { ...TEXT, description: 'Number of tokens' }],
  ['secret_name', { ...TEXT, description: 'Name of the secret to rotate' }],
  ['version', { ...TEXT, description: 'Pin it to this version' }],
  ['rule', { ...TEXT, description: 'Requests that match pass. Pat looks at the rest.' }],
  ['secretary', { ...TEXT, title: 'Key account' }],
  ['passenger', { ...TEXT, title: 'Compass' }],
  ['spinner', TEXT],
  ['project_key', TEXT],
  ['token', { ...TEXT, enum: ['word', 'subword'] }],
  ['rotate_secret', { type: 'boolean', title: 'Rotate the secret?' }],
])('a field %s %j is ordinary', (name, property) => {
  expect(asks('Which?', { [name]: property })).toBe(false);
});

test.each([
  'Please paste your token.',
  'Enter your password',
  'To go on, provide a valid GitHub personal access token:',
  'What is your PIN?',
  'I need your API key to go on.',
  'Password:',
  'Log in with your password below',
  'Please confirm your passphrase.',
  'Your one-time code?',
  'Name the project. Then type in the pass­phrase of the key.',
])('the words “%s” ask for a secret', (message) => {
  expect(asks(message, { value: TEXT })).toBe(true);
  // Nothing can be written into such a form.
  expect(asks(message, { value: { type: 'boolean' } })).toBe(false);
  expect(asks(message, {})).toBe(false);
});

test.each([
  'Enter the number of tokens that the answer may have.',
  'Your token has expired. In which project shall I go on?',
  'Enter the name of the secret to rotate.',
  'Which version shall I pin? Enter one that passes the tests.',
  'Confirm the deletion of the token with your name.',
  'Enter a title. The secret itself stays where it is.',
])('the words “%s” are ordinary', (message) => {
  expect(asks(message, { value: TEXT })).toBe(false);
});
