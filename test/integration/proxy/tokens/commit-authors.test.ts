import { startMintingWorld } from '../support/minting-world.ts';
import { startTokenWorld, type TokenWorld } from '../support/token-world.ts';
import { SCOPE_1, SCOPE_2, type World, type WorldPolicy } from '../support/world.ts';

let tokens: TokenWorld;
let world: World;
let policy: WorldPolicy;

beforeAll(async () => {
  tokens = await startTokenWorld();
});
afterAll(() => tokens?.[Symbol.asyncDispose]());

beforeEach(async () => {
  ({ world, policy } = await startMintingWorld(tokens));
});
afterEach(() => world[Symbol.asyncDispose]());

const BOT = /^bellhop\[bot\] <(\d+)\+bellhop\[bot\]@users\.noreply\.github\.com>$/;

test('commits of a scope with an App are by the user of the App, and the forge is asked once', async () => {
  const authors = await Promise.all([SCOPE_1, SCOPE_1].map((scope) => world.control.commitAuthor(scope)));
  expect(authors[0]).toMatch(BOT);
  expect(authors[1]).toBe(authors[0]);
  // The forge itself says which number the user has.
  const user = await (await fetch(`${tokens.github.url}/users/bellhop%5Bbot%5D`)).json();
  expect(BOT.exec(authors[0] ?? '')?.[1]).toBe(String((user as { id: number }).id));
  expect(await world.control.commitAuthor(SCOPE_2)).toBe(authors[0]);
  expect(tokens.asked('api.github.com', '/app')).toBe(1);
  expect(tokens.asked('api.github.com', '/users/bellhop%5Bbot%5D')).toBe(1);
  expect(world.dialled.every((each) => each === `127.0.0.1:${tokens.origin.port}`)).toBe(true);
});

test('a scope without repositories of an App has no author of its own', async () => {
  expect(await world.control.commitAuthor('channel:T1:C9')).toBeNull();
  expect(await world.control.commitAuthor('person:T1:U1')).toBeNull();
  await expect(world.control.commitAuthor('nonsense' as never)).rejects.toMatchObject({ code: 'bad_request' });
  expect(tokens.asked('api.github.com')).toBe(0);
});

test.each([
  ['is away', 500, ''],
  ['names an App with characters that no name has', 200, JSON.stringify({ slug: 'x>\n[user] name = y' })],
])(
  'a forge that %s leaves commits to the usual author, is told once, and is left alone for a while',
  async (_, status, said) => {
    tokens.instead.set('api.github.com', (request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json' }).end(said);
    });
    expect(await world.control.commitAuthor(SCOPE_1)).toBeNull();
    const asked = tokens.asked('api.github.com');
    expect(await world.control.commitAuthor(SCOPE_1)).toBeNull();
    expect(tokens.asked('api.github.com')).toBe(asked);
    const told = world.problems.filter((problem) => problem.includes('commits are by the usual author'));
    expect(told).toEqual([expect.stringContaining('connection github')]);
  },
);

test('another credential is asked anew, and one that was revoked is not asked', async () => {
  expect(await world.control.commitAuthor(SCOPE_1)).toMatch(BOT);
  await world.apply(policy);
  expect(await world.control.commitAuthor(SCOPE_1)).toMatch(BOT);
  expect(tokens.asked('api.github.com', '/app')).toBe(2);
  await world.database.database.query('delete from credential');
  await world.apply({ ...policy, connections: tokens.connections.filter(({ id }) => id !== 'github') });
  expect(await world.control.commitAuthor(SCOPE_1)).toBeNull();
});
