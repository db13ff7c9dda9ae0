import type { RequestListener } from 'node:http';
import { PLACEHOLDER_TOKEN } from '../../../contracts/placeholder-token.ts';
import { GITEA, GITHUB, type GitWorld, startGitWorld } from './support/git-world.ts';
import { S1, SECRET } from './support/world.ts';

let git: GitWorld;
/** What reached the forge. */
const reached: { method: string; url: string; body: string; type: string | undefined }[] = [];

/** The few answers of a forge's API that are read on their way. */
const forge: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { method = '', url = '' } = request;
    reached.push({ method, url, body, type: request.headers['content-type'] });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answerTo(url, body, String(request.headers.authorization))));
  });
};

function answerTo(url: string, body: string, authorization: string): unknown {
  if (url.endsWith('/info/lfs/objects/batch')) {
    const own = { href: 'https://git.test/acme/shop.git/info/lfs/objects/x', header: { Authorization: authorization } };
    const store = { href: 'https://store.test/x', header: { Authorization: 'RemoteAuth t' } };
    return { objects: [{ oid: 'x', actions: { download: own, upload: store } }] };
  }
  if (url === '/graphql' && body.includes('createPullRequest')) {
    return { data: { createPullRequest: { pullRequest: { id: 'P1', url: 'https://hub.test/acme/shop/pull/34' } } } };
  }
  if (url === '/graphql') return { data: { repository: { id: 'R1' } } };
  if (url === '/api/v4/projects/acme%2Fshop')
    return { id: 1, runners_token: 'GR-1', shared: [{ runners_token: 'GR-2' }] };
  if (url.endsWith('/pulls')) return { number: 12 };
  if (url.includes('/forks')) {
    const fork = { full_name: 'x/shop', temp_clone_token: 'CLONE-1', body: 'say "temp_clone_token":"x"' };
    return { padding: 'x'.repeat(2_000_000), forks: [fork, { ...fork, temp_clone_token: null }] };
  }
  return { ok: true };
}

beforeAll(async () => {
  git = await startGitWorld(forge);
  await git.grant([{}, { forge: GITHUB }]);
});
afterAll(() => git[Symbol.asyncDispose]());
beforeEach(() => reached.splice(0));

function call(
  url: string,
  json?: unknown,
  more: { method?: string; headers?: Record<string, string>; text?: string } = {},
) {
  const body = more.text ?? (json === undefined ? undefined : JSON.stringify(json));
  return git.world.sandbox(S1).request(url, {
    method: more.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...more.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
}

const API = 'https://git.test/api/v1';

test('a draft pull request is opened, and its number is in the event', async () => {
  const answer = await call(`${API}/repos/acme/shop/pulls`, { title: 'WIP: fix', head: 'bellhop/fix', base: 'main' });
  expect(answer).toMatchObject({ status: 200, text: '{"number":12}' });
  const [event] = await git.world.events(S1, 1, ({ pullRequest }) => pullRequest === 12);
  expect(event).toMatchObject({
    operation: 'open-pull-request',
    repository: 'acme/shop',
    ref: 'refs/heads/bellhop/fix',
    outcome: 'injected',
  });
});

test('what is refused by git is refused by the API, in words, and does not reach the forge', async () => {
  const refused = [
    await call(`${API}/repos/acme/shop/contents/a`, { message: 'x', content: 'x', branch: 'main' }, { method: 'PUT' }),
    await call(`${API}/repos/acme/shop/pulls/12/merge`, { Do: 'merge' }),
    await call(`${API}/repos/acme/secret`),
    await call(`${API}/repos/acme/shop/tags`, { tag_name: 'v1' }),
    await call(
      'https://api.hub.test/repos/acme/shop/git/refs/heads/main',
      { sha: 'x', force: true },
      { method: 'PATCH' },
    ),
    await call('https://api.hub.test/graphql', {
      query: 'mutation { mergePullRequest(input: { pullRequestId: "P" }) { clientMutationId } }',
    }),
    await call('https://api.hub.test/graphql', { query: '{ repository(owner: "acme", name: "secret") { id } }' }),
    await call('https://hub.test/acme/shop/settings'),
  ];
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
  expect(refused[0]?.error).toMatchObject({
    code: 'api_refused',
    rule: 'forge',
    message: 'main may not be changed, only bellhop/**.',
  });
  // Clients of forges show this field.
  expect(JSON.parse(refused[1]?.text ?? '')).toMatchObject({
    message: expect.stringContaining('not among what a thread may do'),
  });
  expect(reached).toEqual([]);
});

test('a path that a server might read as a way up is refused, and a slash inside a name is not', async () => {
  const removal = { branch: 'bellhop/x', message: 'm', sha: 'x' };
  const refused = [
    await call(`${API}/repos/acme/shop/..%2F..%2Facme%2Fsecret`),
    await call(`${API}/repos/acme/shop/contents/..%2Fbranches%2Fmain`, removal, { method: 'DELETE' }),
    await call(`${API}/repos/acme/shop/contents/..;/branches/main`, removal, { method: 'DELETE' }),
    await call(`${API}/repos/acme/shop/contents/%252e%252e/branches/main`, removal, { method: 'DELETE' }),
    await call('https://git.test/acme/shop/raw/..%2F..%2Fsecret%2Fraw%2Fbranch%2Fmain%2Fx'),
  ];
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
  expect(refused[0]?.text).toContain('may be read as');
  expect(reached).toEqual([]);
  expect((await call(`${API}/repos/acme/shop/branches/bellhop%2Ffix`)).status).toBe(200);
  expect(reached.map(({ url }) => url)).toEqual(['/api/v1/repos/acme/shop/branches/bellhop%2Ffix']);
});

test('a body that could be read in two ways is refused, or written anew', async () => {
  const pulls = `${API}/repos/acme/shop/pulls`;
  const form = await call(pulls, undefined, {
    text: 'title=WIP&head=bellhop/fix',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const capital = await call(pulls, { title: 'WIP: x', head: 'bellhop/fix', Head: 'main', base: 'main' });
  const coded = await call(pulls, { title: 'WIP: x' }, { headers: { 'content-encoding': 'gzip' } });
  const large = await call(pulls, { title: 'WIP: x', body: 'x'.repeat(2_000_000) });
  expect([form, capital, coded, large].map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(reached).toEqual([]);
  const doubled = '{"head":"main","title":"WIP: x","base":"main","head":"bellhop/fix"}';
  expect((await call(pulls, undefined, { text: doubled })).status).toBe(200);
  expect(JSON.parse(reached[0]?.body ?? '')).toEqual({ head: 'bellhop/fix', title: 'WIP: x', base: 'main' });
  expect(reached[0]?.body.match(/head/g)).toHaveLength(1);
});

test('a body that was judged as JSON is never one without a type, which some forges read as a form', async () => {
  const text = '{"body":"&sudo=root&_method=DELETE&x="}';
  for (const connection of ['content-type', 'close, Content-Type', 'content_type']) {
    const answer = await call(`${API}/repos/acme/shop/issues/7/comments`, undefined, { text, headers: { connection } });
    expect(answer.status).toBe(200);
  }
  // Any other header with the placeholder of a credential does not leave.
  const type = `application/${PLACEHOLDER_TOKEN}+json`;
  await call(`${API}/repos/acme/shop/issues/7/comments`, undefined, { text, headers: { 'content-type': type } });
  expect(reached.map(({ type }) => type)).toEqual([...Array(3).fill('application/json'), type]);
});

test("a token of GitHub's that clones a repository stays behind, also in a long answer", async () => {
  const url = 'https://api.hub.test/repos/acme/shop/forks';
  const { status, text } = await call(url, undefined, { headers: { accept: 'application/vnd.github.raw+json' } });
  expect(status).toBe(200);
  const hidden = { full_name: 'x/shop', temp_clone_token: '*******', body: 'say "temp_clone_token":"x"' };
  expect(JSON.parse(text).forks).toEqual([hidden, { ...hidden, temp_clone_token: null }]);
  const query = '{ repository(owner: "acme", name: "shop") { tempCloneToken } }';
  expect((await call('https://api.hub.test/graphql', { query })).error?.code).toBe('api_refused');
});

test('gh opens a pull request by GraphQL once the id of the repository is known', async () => {
  const input = { repositoryId: 'R1', baseRefName: 'main', headRefName: 'bellhop/gh', title: 'x', draft: true };
  const open = {
    query: 'mutation($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { id url } } }',
    variables: { input },
  };
  expect((await call('https://api.hub.test/graphql', open)).status).toBe(403);
  await call('https://api.hub.test/graphql', { query: '{ repository(owner: "acme", name: "shop") { id } }' });
  expect((await call('https://api.hub.test/graphql', open)).status).toBe(200);
  const [event] = await git.world.events(S1, 1, ({ pullRequest }) => pullRequest === 34);
  expect(event).toMatchObject({
    operation: 'open-pull-request',
    repository: 'acme/shop',
    ref: 'refs/heads/bellhop/gh',
  });
});

test('a query of GraphQL reaches the forge as it was judged, without comments and block strings', async () => {
  const query = '{ repository(owner: "acme", name: "shop") { object(expression: """x""") { id } } } # a comment';
  expect((await call('https://api.hub.test/graphql', { query, variables: { a: 1 } })).status).toBe(200);
  const sent = JSON.parse(reached.at(-1)?.body ?? '') as { query: string; variables: unknown };
  expect(sent.query).toContain('object(expression: "x")');
  expect(sent.query).not.toContain('comment');
  expect(sent.variables).toEqual({ a: 1 });
});

test('Git LFS works within the grants, and its answer holds no credential', async () => {
  const batch = 'https://git.test/acme/shop.git/info/lfs/objects/batch';
  const lfs = { headers: { 'content-type': 'application/vnd.git-lfs+json' } };
  const answer = await call(batch, { operation: 'upload', objects: [] }, lfs);
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain(SECRET);
  expect(answer.text).not.toMatch(/Basic/);
  expect(answer.text).toContain('RemoteAuth t');
  expect(git.world.sandbox(S1).received().toString()).not.toContain(Buffer.from(`user:${SECRET}`).toString('base64'));
  // The credential is attached again on the forge's own host.
  expect((await call('https://git.test/acme/shop.git/info/lfs/objects/x')).status).toBe(200);
  // A second host needs its own rule, and is named.
  const other = await call('https://store.test/x');
  expect(other.error).toMatchObject({ code: 'not_allowed', host: 'store.test' });

  await git.grant([{ access: 'read' }]);
  expect((await call(batch, { operation: 'download', objects: [] }, lfs)).status).toBe(200);
  const upload = await call(batch, { operation: 'upload', objects: [] }, lfs);
  expect(upload).toMatchObject({ status: 403, text: expect.stringContaining('granted for reading only') });
});

test('nobody else is acted for, neither by the API nor by git', async () => {
  await git.grant([{}]);
  const headers = { Sudo: 'root' };
  const refused = [
    await call(`${API}/repos/acme/shop`, undefined, { headers }),
    await call(`${API}/repos/acme/shop/pulls`, { title: 'WIP: x', head: 'bellhop/x', base: 'main' }, { headers }),
    await call(`${API}/repos/acme/shop?x=%FF&%73udo=root`),
    await call('https://git.test/acme/shop/raw/main/a', undefined, { headers: { sudo: 'root' } }),
    await call('https://git.test/acme/shop/raw/main/a?%73udo=root'),
  ];
  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
  expect(refused[0]?.error).toMatchObject({ code: 'api_refused', message: expect.stringContaining('Sudo') });
  expect(reached).toEqual([]);
});

test('a project of GitLab is shown without the token of its runners', async () => {
  await git.grant([{ access: 'read', forge: { ...GITEA, kind: 'gitlab', apiPath: '/api/v4' } }]);
  const project = await call('https://git.test/api/v4/projects/acme%2Fshop');
  expect(project).toMatchObject({ status: 200, text: '{"id":1,"shared":[{}]}' });
  expect((await call('https://git.test/api/v4/projects/acme%2Fshop/variables')).status).toBe(403);
});

test('a connection to a forge opens nothing where no repository is granted', async () => {
  await git.grant([{ repository: 'acme/other' }]);
  expect((await call(`${API}/repos/acme/shop`)).status).toBe(403);
  expect((await call(`${API}/repos/acme/other`)).status).toBe(200);
});

test.each([`${API}/repos/acme/shop/issues`, 'https://git.test/acme/shop.git/info/refs?service=git-upload-pack'])(
  'a read with a body is refused, because a forge may read the body like its query: %s',
  async (url) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '9' };
    const answer = await call(url, undefined, { method: 'GET', text: 'sudo=root', headers: form });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('What is read has no body');
    expect(reached).toEqual([]);
  },
);
