import { parse, print } from 'graphql';
import { graphql } from './support/ask-forge.ts';

/**
 * Queries that graphql-ruby reads in another way than the parser here: its compiled lexer ends a block string at `""\"""`, and for
 * its other lexer a comment goes on behind a carriage return.
 */
const READ_DIFFERENTLY: readonly (readonly [string, string])[] = [
  [
    'a block string that ends sooner',
    '{ repository(owner: "acme", name: "shop") { object(expression: """x""\\""") { id } } evil: repository(owner: "acme", name: "secret") { object(expression: "HEAD:.env") { ... on Blob { text } } } z: repository(owner: "acme", name: "shop") { object(expression: """ # """\n) { id } } }',
  ],
  [
    'a comment that goes on',
    'mutation { addComment(input: { subjectId: "R1", body: #\r """\n "x"}) { subject { id } } m: mergePullRequest(input: { pullRequestId: "PR_1" }) { clientMutationId } z: addComment(input: { subjectId: "R1", body: "y" #\r """\n}) { subject { id } } }',
  ],
];

describe('GraphQL', () => {
  test.each(READ_DIFFERENTLY)('what is sent is printed anew, so that nobody reads another query: %s', (_, query) => {
    const judged = graphql(query, {}, { ids: { R1: 'acme/shop' } });
    if (!judged.isAllowed) throw new Error(judged.reason);
    const sent = judged.query ?? '';
    // Beside strings with escapes there is nothing left that two lexers could end at different places.
    expect(sent.replaceAll(/"(?:[^"\\\n\r]|\\.)*"/g, 'TEXT')).not.toMatch(/["#\r\\]/);
    expect(print(parse(sent))).toBe(sent);
    // The values are the same.
    expect(graphql(sent, {}, { ids: { R1: 'acme/shop' } })).toMatchObject({ isAllowed: true, query: sent });
  });

  test('what is printed anew has the same values, and no description', () => {
    const query =
      '"""why""" query Q { repository(owner: "acme", name: "shop") { object(expression: """a "b"\n  c\\d é""") { id } } }';
    const judged = graphql(query);
    if (!judged.isAllowed) throw new Error(judged.reason);
    expect(judged.query).toContain('expression: "a \\"b\\"\\nc\\\\d é"');
    expect(judged.query).not.toContain('why');
  });

  test('a granted repository is read, named in the query or by variables', () => {
    expect(
      graphql('{ repository(owner: "acme", name: "shop") { id owner { login } } viewer { login } }'),
    ).toMatchObject({
      isAllowed: true,
      repository: 'acme/shop',
    });
    const query =
      'query($o: String!, $n: String = "shop") { a: repository(owner: $o, name: $n) { ...f } } fragment f on Repository { pullRequests(first: 3) { nodes { number author { login } } } }';
    expect(graphql(query, { o: 'acme' })).toMatchObject({ isAllowed: true });
    expect(graphql(query, { o: 'evil' })).toMatchObject({ isAllowed: false });
    expect(graphql(query, { o: 'acme', n: 'secret' })).toMatchObject({ isAllowed: false });
  });

  test.each([
    ['another repository', '{ repository(owner: "acme", name: "secret") { id } }'],
    [
      'a repository that is not granted beside one that is',
      '{ a: repository(owner: "acme", name: "shop") { id } b: repository(owner: "acme", name: "secret") { id } }',
    ],
    ['a node', '{ node(id: "R_1") { id } }'],
    ['an organization', '{ organization(login: "acme") { repositories(first: 9) { nodes { name } } } }'],
    ['a search', '{ search(query: "x", type: REPOSITORY, first: 1) { nodes { __typename } } }'],
    [
      'a walk by the owner',
      '{ repository(owner: "acme", name: "shop") { owner { ... on Organization { repositories(first: 9) { nodes { name } } } } } }',
    ],
    [
      'a walk by the author',
      '{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { author { ... on User { repositories(first: 1) { nodes { name } } } } } } }',
    ],
    [
      'a walk by the parent',
      '{ repository(owner: "acme", name: "shop") { parent { object(expression: "HEAD:x") { id } } } }',
    ],
    [
      'a walk by a fragment',
      '{ repository(owner: "acme", name: "shop") { ...f } } fragment f on Repository { forks(first: 1) { nodes { name } } }',
    ],
    [
      'a fragment that names itself',
      '{ repository(owner: "acme", name: "shop") { ...f } } fragment f on Repository { ...f }',
    ],
    [
      'a repository by name below the owner',
      '{ repository(owner: "acme", name: "shop") { owner { repository(name: "secret") { description } } } }',
    ],
    [
      'a repository by a variable below an author',
      'query($n: String = "secret") { repository(owner: "acme", name: "shop") { pullRequest(number: 1) { author { ... on User { repository(name: $n) { name } } } } } }',
    ],
    [
      'an organization by name below an author',
      '{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { author { ... on User { organization(login: "other") { repository(name: "secret") { name } } } } } } }',
    ],
    [
      'a project by number below the owner',
      '{ repository(owner: "acme", name: "shop") { owner { ... on Organization { project(number: 1) { title } } } } }',
    ],
    ['a person by name', '{ repository(owner: "acme", name: "shop") { user(login: "x") { name } } }'],
    [
      'the title of an issue elsewhere',
      '{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { closingIssuesReferences(first: 9) { nodes { title } } } } }',
    ],
    [
      'the description of a repository elsewhere',
      '{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { headRepository { description } } } }',
    ],
    ['the repositories of the agent', '{ viewer { repositories(first: 9) { nodes { name } } } }'],
    ['two operations', 'query a { viewer { login } } query b { viewer { login } }'],
    ['no query', '{ repository(owner: "acme"'],
    ['a subscription', 'subscription { x }'],
  ])('%s is refused', (_what, query) => {
    expect(graphql(query)).toMatchObject({ isAllowed: false });
  });

  test.each([
    'mergePullRequest',
    'createRef',
    'updateRef',
    'updateRefs',
    'deleteRef',
    'createCommitOnBranch',
    'enablePullRequestAutoMerge',
    'markPullRequestReadyForReview',
    'addPullRequestReview',
    'mergeBranch',
    'updateRepository',
    'createRepository',
    'transferIssue',
    'updateBranchProtectionRule',
    'constructor',
  ])('the mutation %s is refused', (name) => {
    const ids = { P1: 'acme/shop' };
    expect(
      graphql(`mutation { ${name}(input: { pullRequestId: "P1" }) { clientMutationId } }`, {}, { ids }),
    ).toMatchObject({
      isAllowed: false,
    });
  });

  const OPEN =
    'mutation($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { id url } } }';
  const input = { repositoryId: 'R1', baseRefName: 'main', headRefName: 'bellhop/fix', title: 'x', draft: true };

  test('an id is accepted once an answer showed its repository', () => {
    expect(graphql(OPEN, { input })).toMatchObject({ isAllowed: false });
    const read = graphql(
      '{ r: repository(owner: "acme", name: "shop") { id owner { id } p: pullRequests(first: 2) { nodes { id author { ... on User { id } } } } } }',
    );
    if (!read.isAllowed || !read.idsIn) throw new Error('not allowed');
    const ids = read.idsIn({
      data: { r: { id: 'R1', owner: { id: 'U1' }, p: { nodes: [{ id: 'P1', author: { id: 'U2' } }, null] } } },
    });
    expect([...ids]).toEqual([
      ['R1', 'acme/shop'],
      ['P1', 'acme/shop'],
    ]);
    const known = { ids: Object.fromEntries(ids) };
    expect(graphql(OPEN, { input }, known)).toMatchObject({
      isAllowed: true,
      operation: 'open-pull-request',
      repository: 'acme/shop',
      ref: 'refs/heads/bellhop/fix',
    });
    expect(graphql(OPEN, { input: { ...input, draft: false } }, known).isAllowed).toBe(false);
    expect(graphql(OPEN, { input: { ...input, headRefName: 'main' } }, known).isAllowed).toBe(false);
    expect(graphql(OPEN, { input: { ...input, headRepositoryId: 'R2' } }, known).isAllowed).toBe(false);
    expect(graphql(OPEN, { input }, { ...known, grants: [{ access: 'read' }] }).isAllowed).toBe(false);
  });
});

test('an id that leads out of the repository is not learnt under the name of one inside', () => {
  const read = graphql(
    `{ repository(owner: "acme", name: "shop") { nodes {
      ... on PullRequest { x: headRepository { id } p: commits { y: parent { id } } z: id }
      ... on Issue { x: milestone { id } p: labels { y: milestone { id } } z: number }
    } } }`,
  );
  if (!read.isAllowed || !read.idsIn) throw new Error('not allowed');
  const answer = { data: { repository: { nodes: [{ x: { id: 'R9' }, p: { y: { id: 'R8' } }, z: 'P1' }] } } };
  expect([...read.idsIn(answer)]).toEqual([]);
});

test('an argument that is given twice is refused', () => {
  expect(graphql('{ repository(owner: "acme", owner: "evil", name: "shop") { id } }').isAllowed).toBe(false);
  const twice =
    'mutation { createIssue(input: { repositoryId: "R1", repositoryId: "R2", title: "x" }) { clientMutationId } }';
  expect(graphql(twice, {}, { ids: { R1: 'acme/shop' } }).isAllowed).toBe(false);
});
