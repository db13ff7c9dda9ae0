import { judgeGit } from '../../../access/forge/judge-git.ts';
import { ask, grants, graphql } from './support/ask-forge.ts';

test('a guardrail forbids what the grants allow', () => {
  const guardrails = [{ id: 'quiet', repository: 'acme/*', operations: ['comment'], reason: '', line: 0 }] as const;
  expect(ask('POST', '/repos/acme/shop/issues/7/comments', { body: 'x' }, { guardrails })).toMatchObject({
    isAllowed: false,
    guardrail: 'quiet',
  });
});

describe('a guardrail cannot be walked around', () => {
  const rail = (
    ...operations: ('push' | 'comment' | 'create-branch' | 'push-default-branch' | 'edit-pull-request')[]
  ) => [{ id: 'rail', repository: '*', operations, reason: '', line: 0 }] as const;
  const WRITE = [{ access: 'write', branches: ['dev', 'main'] }] as const;

  test('by a second mutation in one document', () => {
    const comment = 'a: addComment(input: { subjectId: "P1", body: "x" }) { __typename }';
    const close = 'b: closeIssue(input: { issueId: "P1" }) { __typename }';
    const ids = { P1: 'acme/shop' };
    for (const query of [`mutation { ${comment} ${close} }`, `mutation { ${close} ${comment} }`]) {
      const refused = graphql(query, {}, { ids, guardrails: rail('comment') });
      expect(refused).toMatchObject({ isAllowed: false, guardrail: 'rail' });
      expect(graphql(query, {}, { ids })).toMatchObject({ isAllowed: true, repository: 'acme/shop' });
    }
  });

  test.each([
    ['POST', '/git/refs', { ref: 'refs/heads/bellhop/x', sha: 'x' }],
    ['POST', '/git/commits', { message: 'x', tree: 'x', parents: [] }],
    ['POST', '/git/blobs', { content: 'x' }],
    ['POST', '/git/trees', { tree: [] }],
    ['POST', '/merges', { base: 'dev', head: 'x' }],
    ['PUT', '/contents/a', { message: 'x', content: 'x', branch: 'dev' }],
  ] as const)('on pushes by %s %s', (method, part, body) => {
    const asked = { grants: WRITE };
    expect(ask(method, `/repos/acme/shop${part}`, body, asked).isAllowed).toBe(true);
    expect(ask(method, `/repos/acme/shop${part}`, body, { ...asked, guardrails: rail('push') })).toMatchObject({
      isAllowed: false,
      guardrail: 'rail',
    });
  });

  test('on pushes by branches of Gitea and GitLab', () => {
    const guardrails = rail('push');
    const branch = { new_branch_name: 'bellhop/x', old_branch_name: 'main' };
    expect(ask('POST', '/repos/acme/shop/branches', branch, { kind: 'gitea', guardrails }).isAllowed).toBe(false);
    const gitlab = { kind: 'gitlab', grants: [{ repository: 'g/app' }], guardrails } as const;
    const made = { branch: 'bellhop/x', ref: 'main' };
    expect(ask('POST', '/projects/g%2Fapp/repository/branches', made, gitlab).isAllowed).toBe(false);
  });

  test('on new branches by a commit of GitLab that starts one', () => {
    const gitlab = { kind: 'gitlab', grants: [{ repository: 'g/app' }], guardrails: rail('create-branch') } as const;
    const commit = { branch: 'bellhop/x', commit_message: 'x', actions: [] };
    const post = (body: Record<string, unknown>) => ask('POST', '/projects/g%2Fapp/repository/commits', body, gitlab);
    expect(post({ ...commit, start_branch: 'main' })).toMatchObject({ isAllowed: false, guardrail: 'rail' });
    expect(post({ ...commit, start_sha: 'abc' })).toMatchObject({ isAllowed: false, guardrail: 'rail' });
    expect(post(commit)).toMatchObject({ isAllowed: true, operation: 'push', ref: 'refs/heads/bellhop/x' });
  });

  test('on comments by a review, and on pull requests by the issue of the same number', () => {
    const review = { event: 'COMMENT', body: 'x' };
    const asked = { guardrails: rail('comment') };
    expect(ask('POST', '/repos/acme/shop/pulls/7/reviews', review, asked).isAllowed).toBe(false);
    const edits = { guardrails: rail('edit-pull-request') };
    expect(ask('PATCH', '/repos/acme/shop/issues/7', { state: 'closed' }, edits).isAllowed).toBe(false);
    expect(ask('POST', '/repos/acme/shop/issues/7/labels', { labels: [] }, edits).isAllowed).toBe(false);
  });

  test('on pushes by the objects of Git LFS, which name no ref', () => {
    const push = { kind: 'push', repository: 'acme/shop', changes: [] } as const;
    expect(judgeGit(push, grants('github'), rail('push'))).toMatchObject({ isAllowed: false, guardrail: 'rail' });
    expect(judgeGit(push, grants('github'), rail('push-default-branch'))).toMatchObject({ isAllowed: true });
  });
});
