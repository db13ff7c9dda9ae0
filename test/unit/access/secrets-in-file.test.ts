import { readFileSync } from 'node:fs';
import { parseAccessFile } from '../../../access/parse-file/parse-access-file.ts';
import { formatProblem } from '../../../access/parse-file/problem.ts';

const NOW = new Date('2026-11-29T00:00:00Z');
const KEY = 'sk-1234567890abcdefghij';
const TOKEN = 'ghp_abcdefghijklmnopqrstuv1234567890';

function problemsIn(text: string): string[] {
  const parsed = parseAccessFile(text, NOW);
  return 'problems' in parsed ? parsed.problems.map((each) => formatProblem('bellhop.yaml', each)) : [];
}

const withCredential = (credential: string) =>
  `connections:\n  api:\n    host: api.acme.test\n    credential:\n      ${credential}`;

test.each([
  [
    'an argument of a program',
    withCredential(`{ kind: bearer, fromCommand: [echo, ${KEY}] }`),
    'bellhop.yaml:5: connections.api.credential.fromCommand[1]',
  ],
  [
    'a prefix',
    withCredential(`{ kind: header, name: X-Key, prefix: "${KEY} ", fromEnv: X }`),
    'bellhop.yaml:5: connections.api.credential.prefix',
  ],
  [
    'the name of a variable',
    withCredential(`{ kind: bearer, fromEnv: ${TOKEN} }`),
    'bellhop.yaml:5: connections.api.credential.fromEnv',
  ],
  [
    'the script of an environment',
    `environments:\n  e:\n    setup: |\n      npm config set //r/:_authToken ${TOKEN}\n`,
    'bellhop.yaml:3: environments.e.setup',
  ],
  ['instructions', `organization:\n  instructions: Log in with ${TOKEN}.`, 'bellhop.yaml:2: organization.instructions'],
  ['a key', `organization: {}\nbundles:\n  ${TOKEN}: {}`, 'bellhop.yaml:3: bundles'],
  ['a field that nobody knows', `organization: { x: ${TOKEN} }`, 'bellhop.yaml:1: organization.x'],
  [
    'a value that an alias repeats',
    `organization: { instructions: &a "${TOKEN}" }\nworkspaces: { x: { instructions: *a } }`,
    'bellhop.yaml:1: organization.instructions',
  ],
])('a token in %s is refused with its place, and never repeated', (_where, text, place) => {
  const problems = problemsIn(text);
  expect(problems).toContainEqual(expect.stringContaining(`${place}: looks like`));
  expect(problems.join('\n')).not.toMatch(/1234567890/);
});

test.each([
  'Use the bearer authentication, Bearer authentication is what it takes.',
  'Connect with postgres://postgres:postgres@localhost/shop.',
  'Use the bundle pypi-mirror-of-the-organization and sk-learn-for-the-models.',
  'The field is secret_access_key_of_the_owner, the commit 4bf92f3577b34da6a3ce929d0e0e4736.',
  'Tokens begin with ghp_, glpat-, xoxb- or AKIA.',
])('words are no tokens: %s', (text) => {
  expect(problemsIn(`organization: { instructions: ${JSON.stringify(text)} }`)).toEqual([]);
});

test('the file of the demonstration holds none', () => {
  expect(problemsIn(readFileSync('demo/bellhop.yaml', 'utf8'))).toEqual([]);
});
