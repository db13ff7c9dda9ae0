import { decide } from '../../../access/decide.ts';
import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import { effectiveAccess, indexAccess } from '../../../access/effective-access.ts';
import { judgeGit } from '../../../access/forge/judge-git.ts';
import type { HeldConnection } from '../../../access/personal-access.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import { bindingOf, bindingText } from '../../../credentials/binding.ts';
import { connection, documentOf, guardrail } from '../../support/access-document.ts';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';

const ADA = 'person:T1:UADA';
const LINUS = 'person:T1:ULINUS';
const HELD: readonly HeldConnection[] = [{ connection: 'github', version: 7 }];

function offering(text: string): AccessDocument {
  const { people } = fileOf(`people: ${text}\n`);
  const team = documentOf({ organization: { connections: [connection('team-api', 'api.acme.test')] } }, [
    guardrail('no-deletes', '*', { methods: ['DELETE'] }),
  ]);
  return { ...team, ...(people && { people }) };
}

function outcome(
  document: AccessDocument,
  scope: ScopeKey,
  held: readonly HeldConnection[],
  url: string,
  method = 'GET',
) {
  const { hostname: host, pathname: path } = new URL(url);
  const request = { method, scheme: 'https', host, port: 443, path } as const;
  const whole = decide(request, effectiveAccess(document, scope, held));
  expect(decide(request, indexAccess(document).accessTo(host, scope, held))).toEqual(whole);
  return whole.outcome === 'blocked' ? whole.code : whole.outcome;
}

describe('what is offered', () => {
  test('a preset by its name, with the token that a person has of it', () => {
    const { people } = fileOf('people: { offer: [github, linear], in-channels: never }\n');
    expect(people?.offers.map(({ name, connection: { id, credential } }) => [name, id, credential.kind])).toEqual([
      ['github', 'personal/github', 'bearer'],
      ['linear', 'personal/linear', 'header'],
    ]);
    expect(people?.offers[0]?.grants).toMatchObject([
      { repository: '*', access: 'propose', connection: 'personal/github' },
    ]);
  });

  test('an administrator narrows hosts, methods and repositories', () => {
    const { people } = fileOf(`people:
  offer:
    - { preset: gitea, host: git.acme.test, repositories: [{ repository: acme/*, access: write, branches: [main] }] }
    - { preset: sentry, organization: acme, methods: read }
`);
    const [gitea, sentry] = people?.offers ?? [];
    expect(gitea?.grants).toMatchObject([
      { repository: 'acme/*', branches: ['main'], forge: { gitHost: 'git.acme.test' } },
    ]);
    expect(sentry?.connection.rules.some(({ methods }) => methods.includes('POST'))).toBe(false);
  });

  test('each mistake is told with its place', () => {
    const wrong = `people:
  in-channels: always
  offer:
    - githb
    - bigquery
    - github
    - { preset: github, credential: { kind: basic } }
    - { preset: gitea }
    - { preset: linear, repositories: [{ repository: "*", access: read }] }
    - { preset: gitlab, repositories: [{ repository: acme, access: read }] }
`;
    expect(problemsIn(wrong)).toEqual([
      'bellhop.yaml:2: people.in-channels: must be never or ask',
      'bellhop.yaml:10: people.offer[6].repositories[0].repository: must be owner/name, owner/*, or * for every repository',
    ]);
    expect(
      problemsIn(
        wrong
          .split('\n')
          .filter((line) => !/always|gitlab/.test(line))
          .join('\n'),
      ),
    ).toEqual([
      'bellhop.yaml:3: people.offer[0]: there is no preset githb (did you mean github or gitea or gitlab?); can be offered: github, gitlab, gitea, linear, notion, sentry',
      'bellhop.yaml:4: people.offer[1]: people have no token of their own for bigquery; can be offered: github, gitlab, gitea, linear, notion, sentry',
      'bellhop.yaml:6: people.offer[3].credential: unknown key; known here: preset, repositories, oauth, methods, paths, addresses',
      'bellhop.yaml:7: people.offer[4].host: is missing: the name of your server, such as git.acme.test',
      'bellhop.yaml:8: people.offer[5].repositories: Linear has no repositories',
    ]);
    expect(problemsIn('people: { offer: [github, github] }')).toEqual([
      'bellhop.yaml:1: people.offer[1]: github is offered twice',
    ]);
  });
});

describe('what a person has connected', () => {
  const document = offering('{ offer: [github, linear] }');
  const issues = 'https://api.github.com/repos/acme/shop/issues';

  test('works in their own messages only, and a channel’s connection does not follow them there', () => {
    expect(outcome(document, ADA, HELD, issues)).toBe('injected');
    expect(outcome(document, ADA, HELD, 'https://api.acme.test/')).toBe('not_allowed');
    // No caller may give a channel what a person holds.
    expect(outcome(document, 'channel:T1:C1', HELD, issues)).toBe('not_allowed');
    expect(outcome(document, 'channel:T1:C1', HELD, 'https://api.acme.test/')).toBe('injected');
    expect(outcome(document, 'group-dm:T1:G1', HELD, issues)).toBe('disabled');
  });

  test('what they have not connected, or what is not offered any more, reaches nothing', () => {
    expect(outcome(document, ADA, [], issues)).toBe('not_allowed');
    expect(outcome(document, ADA, HELD, 'https://api.linear.app/graphql', 'POST')).toBe('not_allowed');
    expect(outcome(offering('{ offer: [linear] }'), ADA, HELD, issues)).toBe('not_allowed');
    expect(outcome(EMPTY_DOCUMENT, ADA, HELD, issues)).toBe('not_allowed');
  });

  test('guardrails and the denials of the preset hold', () => {
    expect(outcome(document, ADA, HELD, issues, 'DELETE')).toBe('guardrail');
    expect(outcome(document, ADA, HELD, 'https://api.github.com/user/keys')).toBe('connection_denied');
  });

  test('the forge is judged: without a word of the administrator people propose', () => {
    const { repositories, forges } = effectiveAccess(document, ADA, HELD);
    expect(forges.map((each) => each.connection)).toEqual(['personal/github']);
    const grants = repositories.map(({ grant }) => grant);
    const push = (ref: string) =>
      judgeGit({ kind: 'push', repository: 'any/thing', changes: [{ ref, change: 'create' }] }, grants, []).isAllowed;
    expect(push('refs/heads/bellhop/fix')).toBe(true);
    expect(push('refs/heads/main')).toBe(false);
  });

  test('its sealed text is bound to the person: no other one opens it', () => {
    const bound = (scope: ScopeKey) =>
      effectiveAccess(document, scope, HELD).rules.flatMap((rule) =>
        rule.from === 'connection' ? [bindingText(bindingOf(rule.connection))] : [],
      );
    expect(new Set(bound(ADA)).size).toBe(1);
    expect(bound(ADA)[0]).toContain(ADA);
    expect(bound(LINUS)[0]).not.toBe(bound(ADA)[0]);
  });
});
