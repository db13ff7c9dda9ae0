import { readFileSync } from 'node:fs';
import path from 'node:path';
import { judgeForgeApi } from '../../../access/forge/judge-api.ts';

interface Asked {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** What gh 2.23 sends for its commands about pull requests, issues and repositories, as a proxy saw it. */
const REQUESTS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'gh-requests.json'), 'utf8')) as Asked[];

function judge({ query, variables }: Asked, repository: string) {
  const forge = { kind: 'github', gitHost: 'h', gitPort: 443, apiHost: 'h', apiPort: 443, apiPath: '' } as const;
  const grants = [{ repository, access: 'propose', branches: [], connection: 'forge', forge }] as const;
  return judgeForgeApi(
    { forge, method: 'POST', path: '/graphql', query: '', body: { query, variables } },
    { grants, guardrails: [], repositoryOfId: () => 'acme/shop' },
  );
}

test.each(REQUESTS.map((each) => [each.query.slice(0, 60), each] as const))('gh may ask %s', (_start, asked) => {
  expect(judge(asked, 'acme/shop')).toMatchObject({ isAllowed: true });
});

test('nothing of it is allowed for another repository', () => {
  const about = REQUESTS.filter(({ query }) => /\b(?:repository|node|mutation)\b/.test(query));
  expect(about.length).toBeGreaterThan(10);
  for (const asked of about) expect(judge(asked, 'acme/other').isAllowed).toBe(false);
});
