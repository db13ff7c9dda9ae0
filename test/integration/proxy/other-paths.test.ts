import { type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { connection, domain, S1, SCOPE_1 } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld({ onRequest: (request, response) => request.resume() && response.end('done') });
});
afterAll(() => standard[Symbol.asyncDispose]());
beforeEach(() => standard.origin.forget());

const guardrail = { id: 'no', host: 'api.a.test', port: null, methods: [], paths: ['/secret'], reason: '', line: 0 };

/** Puts a connection for one host and a domain entry for another in force, with the same rule. */
async function use(rule: { paths?: string[]; methods?: string[] }, guardrails: (typeof guardrail)[] = []) {
  const { addresses, world } = standard;
  const match = { addresses, ...rule };
  await world.apply({
    connections: [connection('gh', 'api.a.test', match)],
    guardrails,
    attached: {
      [SCOPE_1]: { connections: ['gh'], domains: [domain('own.test', match), domain('pypi.test', { addresses })] },
    },
  });
}

const ask = (method: string, header: string, host = 'api.a.test') =>
  underInvariants(standard, () =>
    standard.world
      .sandbox(S1)
      .request(`https://${host}/open/x`, { method, headers: { [header]: 'https://api.a.test/secret/x' } }),
  );

const NAMING = [
  ['MOVE', 'Destination'],
  ['COPY', 'destination'],
  ['PUT', 'x-goog-copy-source'],
  ['PUT', 'x-ms-copy-source'],
  ['PUT', 'x_ms_rename_source'],
  ['PUT', 'X-Copy-From'],
] as const;

test.each(NAMING)('a rule with paths is not evaded by %s with %s', async (method, header) => {
  await use({ paths: ['/open'] });
  for (const host of ['api.a.test', 'own.test']) {
    const answer = await ask(method, header, host);
    expect(answer).toMatchObject({ status: 403, error: { code: 'path_not_allowed' } });
    expect(answer.error?.message).toContain(`The header ${header.toLowerCase()} names a second path`);
    expect(standard.origin.received(host)).toBe('');
  }
});

test('neither is a guardrail, nor a rule that reads nothing', async () => {
  await use({}, [guardrail]);
  expect(await ask('MOVE', 'Destination')).toMatchObject({ status: 403, error: { code: 'path_not_allowed' } });
  await use({ methods: ['PUT', 'COPY'] });
  expect(await ask('PUT', 'x-goog-copy-source')).toMatchObject({ status: 403, error: { code: 'path_not_allowed' } });
  expect(standard.origin.received('api.a.test')).toBe('');
});

test('where nothing is held back, and where such a header means nothing, it passes', async () => {
  await use({});
  for (const [method, header] of NAMING) expect((await ask(method, header)).status).toBe(200);
  await use({ paths: ['/open'] });
  expect((await ask('PUT', 'Destination')).status).toBe(200);
});
