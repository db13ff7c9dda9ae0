import { ask } from './support/ask-forge.ts';

describe('a pull request', () => {
  const draft = { title: 'Fix', head: 'bellhop/fix', base: 'main', draft: true };

  test('is opened as a draft from a branch of the repository', () => {
    expect(ask('POST', '/repos/acme/shop/pulls', draft)).toEqual({
      isAllowed: true,
      operation: 'open-pull-request',
      repository: 'acme/shop',
      ref: 'refs/heads/bellhop/fix',
    });
    expect(ask('POST', '/repos/acme/shop/pulls', { ...draft, head: 'acme:bellhop/fix' }).isAllowed).toBe(true);
  });

  test.each([
    ['no draft', { ...draft, draft: false }],
    ['a draft in words', { ...draft, draft: 'true' }],
    ['another branch', { ...draft, head: 'main' }],
    ['a fork', { ...draft, head: 'evil:bellhop/fix' }],
    ['another repository', { ...draft, head_repo: 'evil' }],
    ['an unknown field', { ...draft, auto_merge: true }],
  ])('is refused with %s', (_what, body) => {
    expect(ask('POST', '/repos/acme/shop/pulls', body)).toMatchObject({ isAllowed: false, repository: 'acme/shop' });
  });

  test('is a draft by its title on Gitea and GitLab', () => {
    const gitea = { kind: 'gitea' } as const;
    const { draft: _, ...plain } = draft;
    expect(ask('POST', '/repos/acme/shop/pulls', plain, gitea).isAllowed).toBe(false);
    expect(ask('POST', '/repos/acme/shop/pulls', { ...plain, title: 'WIP: Fix' }, gitea).isAllowed).toBe(true);
    expect(ask('PATCH', '/repos/acme/shop/pulls/1', { title: 'Fix' }, gitea).isAllowed).toBe(false);
    const gitlab = { kind: 'gitlab', grants: [{ repository: 'g/app' }] } as const;
    const merge = { source_branch: 'bellhop/x', target_branch: 'main', title: 'Draft: x' };
    expect(ask('POST', '/projects/g%2Fapp/merge_requests', merge, gitlab).isAllowed).toBe(true);
    expect(ask('POST', '/projects/g%2Fapp/merge_requests', { ...merge, title: 'x' }, gitlab).isAllowed).toBe(false);
    expect(ask('POST', '/projects/g%2Fapp/merge_requests', { ...merge, target_project_id: 9 }, gitlab).isAllowed).toBe(
      false,
    );
  });

  test('takes comments, but no approval and no command of GitLab', () => {
    expect(ask('POST', '/repos/acme/shop/issues/7/comments', { body: 'Done.' })).toMatchObject({
      operation: 'comment',
    });
    expect(ask('POST', '/repos/acme/shop/pulls/7/reviews', { event: 'COMMENT', body: 'x' }).isAllowed).toBe(true);
    expect(ask('POST', '/repos/acme/shop/pulls/7/reviews', { event: 'APPROVE' }).isAllowed).toBe(false);
    const gitlab = { kind: 'gitlab', grants: [{ repository: 'g/app' }] } as const;
    const note = (body: string) => ask('POST', '/projects/g%2Fapp/merge_requests/7/notes', { body }, gitlab).isAllowed;
    expect(note('Looks good: see /merge')).toBe(true);
    expect(note('ok\n  /merge')).toBe(false);
  });
});

describe('ways around a push', () => {
  test.each([
    ['POST', '/repos/acme/shop/git/refs', { ref: 'refs/heads/main', sha: 'x' }],
    ['POST', '/repos/acme/shop/git/refs', { ref: 'refs/tags/v1', sha: 'x' }],
    ['PATCH', '/repos/acme/shop/git/refs/heads/main', { sha: 'x' }],
    ['PATCH', '/repos/acme/shop/git/refs/heads/bellhop/fix', { sha: 'x', force: true }],
    ['PATCH', '/repos/acme/shop/git/refs/heads/bellhop%2F..%2Fmain', { sha: 'x' }],
    ['DELETE', '/repos/acme/shop/git/refs/heads/bellhop/fix', null],
    ['PUT', '/repos/acme/shop/contents/a', { message: 'x', content: 'x', branch: 'main' }],
    ['PUT', '/repos/acme/shop/contents/a', { message: 'x', content: 'x' }],
    ['PUT', '/repos/acme/shop/contents/a', { message: 'x', content: 'x', branch: 'refs/heads/main' }],
    ['DELETE', '/repos/acme/shop/contents/a', { message: 'x', sha: 'x', branch: 'main' }],
    ['POST', '/repos/acme/shop/merges', { base: 'main', head: 'bellhop/fix' }],
    ['PUT', '/repos/acme/shop/pulls/7/merge', {}],
    ['PUT', '/repos/acme/shop/pulls/7/update-branch', {}],
    ['POST', '/repos/acme/shop/releases', { tag_name: 'v1' }],
    ['POST', '/repos/acme/shop/git/tags', { tag: 'v1' }],
    ['PUT', '/repos/acme/shop/branches/main/protection', {}],
    ['PATCH', '/repos/acme/shop', { default_branch: 'bellhop/fix' }],
    ['DELETE', '/repos/acme/shop', null],
    ['POST', '/repos/acme/shop/hooks', { config: { url: 'https://evil.test' } }],
    ['POST', '/repos/acme/shop/keys', { key: 'x' }],
    ['PUT', '/repos/acme/shop/collaborators/evil', {}],
    ['POST', '/repos/acme/shop/transfer', { new_owner: 'evil' }],
    ['POST', '/repos/acme/shop/forks', {}],
    ['POST', '/repos/acme/shop/actions/workflows/1/dispatches', { ref: 'main' }],
    ['PUT', '/repos/acme/shop/actions/secrets/X', {}],
    ['POST', '/repos/acme/shop/dispatches', { event_type: 'x' }],
    ['POST', '/repos/acme/shop/statuses/abc', { state: 'success' }],
    ['POST', '/repos/acme/shop/deployments', {}],
    ['POST', '/repos/acme/shop/branches/bellhop/rename', { new_name: 'main' }],
    ['POST', '/user/repos', { name: 'x' }],
  ])('%s %s is refused', (method, path, body) => {
    const verdict = ask(method, path, body as Record<string, unknown> | null);
    expect(verdict).toMatchObject({ isAllowed: false, reason: expect.stringMatching(/\.$/) });
  });

  test('a branch bellhop/... may be written by the API too', () => {
    const file = { message: 'x', content: 'x', branch: 'bellhop/fix' };
    expect(ask('PUT', '/repos/acme/shop/contents/docs/a.md', file)).toMatchObject({
      isAllowed: true,
      operation: 'push',
      ref: 'refs/heads/bellhop/fix',
    });
    expect(ask('POST', '/repos/acme/shop/git/refs', { ref: 'refs/heads/bellhop/x', sha: 'x' }).isAllowed).toBe(true);
    expect(ask('PUT', '/repos/acme/shop/contents/a', file, { grants: [{ access: 'read' }] }).isAllowed).toBe(false);
  });

  test('the listed branches of "write" may be written, others not', () => {
    const asked = { grants: [{ access: 'write', branches: ['main', 'docs/*'] }] } as const;
    const put = (branch: string) =>
      ask('PUT', '/repos/acme/shop/contents/a', { message: 'x', content: 'x', branch }, asked).isAllowed;
    expect([put('main'), put('docs/a'), put('docs/a/b'), put('other')]).toEqual([true, true, false, false]);
    const move = (ref: string) => ask('PATCH', `/repos/acme/shop/git/refs/${ref}`, { sha: 'x' }, asked);
    expect(move('heads/docs/%C3%BC')).toMatchObject({ isAllowed: true, ref: 'refs/heads/docs/ü' });
    // GitHub decodes the path, so this is the branch docs/a/b.
    expect(move('heads/docs/a%2Fb')).toMatchObject({ isAllowed: false });
    expect(move('heads/docs/a%FFb')).toMatchObject({ isAllowed: false });
    expect(ask('PUT', '/repos/acme/shop/pulls/7/merge', {}, asked).isAllowed).toBe(false);
    expect(ask('POST', '/repos/acme/shop/merges', { base: 'main', head: 'x' }, asked).isAllowed).toBe(true);
  });

  test('Gitea writes to another branch than "branch" only by a field that is refused', () => {
    const body = { message: 'x', content: 'x', branch: 'bellhop/x', new_branch: 'main' };
    expect(ask('POST', '/repos/acme/shop/contents/a', body, { kind: 'gitea' }).isAllowed).toBe(false);
  });

  test('what is written is not named in the query', () => {
    const body = { message: 'x', content: 'x', branch: 'bellhop/x' };
    expect(ask('PUT', '/repos/acme/shop/contents/a', body, { query: '?branch=main' }).isAllowed).toBe(false);
  });
});
