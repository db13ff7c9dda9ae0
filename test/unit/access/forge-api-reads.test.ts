import { ask } from './support/ask-forge.ts';

describe('reading by REST', () => {
  test('is allowed below a granted repository, whatever its letters', () => {
    expect(ask('GET', '/repos/acme/shop/pulls/7/files')).toMatchObject({ isAllowed: true, repository: 'acme/shop' });
    expect(ask('GET', '/repos/Acme/SHOP')).toMatchObject({ isAllowed: true });
    expect(ask('GET', '/user')).toMatchObject({ isAllowed: true, repository: null });
  });

  test.each([
    '/repos/acme/secret',
    '/repos/acme/secret/contents/a',
    '/repos/acme/shop.git',
    '/repos/acme/sh%6Fp%2F..%2Fsecret',
    '/repos/acme',
    '/repositories/17',
    '/orgs/acme/repos',
    '/user/repos',
    '/users/x/repos',
    '/installation/repositories',
    '/search/code',
    '/gists',
    '/notifications',
  ])('%s is outside the grants', (path) => {
    expect(ask('GET', path).isAllowed).toBe(false);
  });

  test('nobody else is acted for', () => {
    const hidden = [
      '?x=%FF&%73udo=root',
      '?%2573udo=root',
      '?[sudo]=root',
      '?+sudo=root',
      '?a=1;sudo[]=root',
      '?x=%FF',
      // More levels than anybody means. Each costs a copy of the query.
      `?x=%${'25'.repeat(16_000)}`,
    ];
    for (const query of ['?sudo=root', '?a=1&SUDO=root', '?%73udo=root', ...hidden]) {
      expect([query, ask('GET', '/repos/acme/shop', null, { query }).isAllowed]).toEqual([query, false]);
    }
    for (const query of ['?q=sudo', '?pseudo=1&ref=caf%C3%A9%20100%25', '?sudoku=1']) {
      expect([query, ask('GET', '/repos/acme/shop', null, { query }).isAllowed]).toEqual([query, true]);
    }
  });

  test.each([
    ['github', 'compare/main...other:main'],
    ['github', 'compare/main...acme:secret:main'],
    ['github', 'compare/main...other%3Amain'],
    ['github', 'compare/main...other%253Amain'],
    ['github', 'Compare/other:main..main'],
    ['gitea', 'compare/main...acme/secret:main'],
    ['gitea', 'compare/other:main...main'],
  ] as const)('%s: %s would compare with another repository', (kind, rest) => {
    expect(ask('GET', `/repos/acme/shop/${rest}`, null, { kind })).toMatchObject({
      isAllowed: false,
      reason: expect.stringContaining('Compare branches of acme/shop itself'),
    });
  });

  test('branches of one repository are compared', () => {
    for (const rest of ['compare/main...bellhop/fix', 'compare/v1..v2', 'compare/main...a%2Fb']) {
      expect(ask('GET', `/repos/acme/shop/${rest}`)).toMatchObject({ isAllowed: true });
    }
  });

  test.each([
    '?from=a&to=b&from_project_id=9',
    '?from=a&FROM_project_id=9',
    '?a=1&%66rom_project_id=9',
    '?a=1&+from%255Fproject_id=9',
    '?source_template_project_id=9',
    '?[from_project_id]=9',
  ])('GitLab does not take another project from the query %s', (query) => {
    const asked = { kind: 'gitlab', query, grants: [{ repository: 'g/app' }] } as const;
    expect(ask('GET', '/projects/g%2Fapp/repository/compare', null, asked)).toMatchObject({ isAllowed: false });
    const plain = { ...asked, query: '?from=a&to=b' };
    expect(ask('GET', '/projects/g%2Fapp/repository/compare', null, plain)).toMatchObject({ isAllowed: true });
  });

  test.each([
    ['github', 'hooks'],
    ['github', 'hooks/1/config'],
    ['github', 'Keys'],
    ['github', 'secret-scanning/alerts'],
    ['github', 'actions/secrets'],
    ['github', 'actions/%73ecrets'],
    ['github', 'actions/organization-variables'],
    ['github', 'actions/runners'],
    ['github', 'dependabot/secrets/X'],
    ['github', 'codespaces/secrets'],
    ['github', 'environments/a%2Fb/secrets'],
    ['github', 'environments/live/variables/X'],
    ['github', 'contents/..%2Fhooks'],
    ['gitea', 'actions/runners/registration-token'],
    ['gitea', 'actions/variables/X'],
    ['gitea', 'hooks'],
    ['gitea', 'keys'],
    ['gitea', 'push_mirrors'],
    ['gitlab', 'variables'],
    ['gitlab', 'variables.json'],
    ['gitlab', 'variables/X'],
    ['gitlab', 'triggers/1'],
    ['gitlab', 'forks'],
    ['gitlab', 'deploy_tokens'],
    ['gitlab', 'access_tokens'],
    ['gitlab', 'runners'],
    ['gitlab', 'hooks'],
    ['gitlab', 'integrations/slack'],
    ['gitlab', 'pipelines/7/variables'],
    ['gitlab', 'pipeline_schedules/1'],
    ['gitlab', 'terraform/state/live'],
  ] as const)('of secrets is refused with every access: %s %s', (kind, part) => {
    const [repository, base] = kind === 'gitlab' ? ['g/app', '/projects/g%2Fapp'] : ['acme/shop', '/repos/acme/shop'];
    for (const access of ['read', 'propose', 'write'] as const) {
      const asked = { kind, grants: [{ repository, access }] };
      for (const method of ['GET', 'HEAD']) {
        expect(ask(method, `${base}/${part}`, null, asked)).toMatchObject({ isAllowed: false, repository });
      }
    }
  });

  test.each([
    ['github', 'contents/hooks/secrets'],
    ['github', 'autolinks'],
    ['github', 'actions/runs/1/logs'],
    ['github', 'environments'],
    ['github', 'git/ref/heads/hooks'],
    ['gitea', 'contents/keys'],
    ['gitlab', 'repository/files/variables%2Fa.json/raw'],
    ['gitlab', 'pipelines/7/jobs'],
    ['gitlab', 'jobs/7/trace'],
  ] as const)('of what only sounds like a secret is allowed: %s %s', (kind, part) => {
    const [repository, base] = kind === 'gitlab' ? ['g/app', '/projects/g%2Fapp'] : ['acme/shop', '/repos/acme/shop'];
    const asked = { kind, grants: [{ repository }] };
    expect(ask('GET', `${base}/${part}`, null, asked)).toMatchObject({ isAllowed: true, repository });
  });

  test("GitLab's repositories are named by their path, not by a number", () => {
    const asked = { kind: 'gitlab', grants: [{ repository: 'group/sub/app' }] } as const;
    expect(ask('GET', '/projects/group%2Fsub%2Fapp/issues', null, asked)).toMatchObject({
      isAllowed: true,
      repository: 'group/sub/app',
    });
    expect(ask('GET', '/projects/17/issues', null, asked).isAllowed).toBe(false);
    expect(ask('GET', '/projects/group%2Fother', null, asked).isAllowed).toBe(false);
    expect(ask('GET', '/projects', null, asked).isAllowed).toBe(false);
  });
});
