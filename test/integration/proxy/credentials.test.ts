import type http from 'node:http';
import { refusal, type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { connection, domain, S1, S2, SCOPE_1, SECRET } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld({ onRequest });
});
afterAll(() => standard[Symbol.asyncDispose]());
beforeEach(() => standard.origin.forget());

const onRequest: http.RequestListener = (request, response) => {
  request.resume();
  if (request.url === '/redirect') {
    response.writeHead(302, { location: 'https://evil.test/', 'set-cookie': ['a=1', 'b=2'] }).end();
  } else if (request.url === '/denied') {
    response.writeHead(401, { 'www-authenticate': 'Bearer' }).end('no');
  } else {
    response.end(`${request.url}`);
  }
};

const sandbox = () => standard.world.sandbox(S1);

test("the sandbox's own credentials are replaced by ours on a connection's host", async () => {
  await underInvariants(standard, () =>
    sandbox().request('https://api.a.test/x?access_token=theirs&a=b&api_secret=theirs&AWSAccessKeyId=theirs', {
      headers: {
        'X-RapidAPI-Key': 'theirs',
        XApiKey: 'theirs',
        AuthToken: 'theirs',
        'X-PAT': 'theirs',
        'CB-ACCESS-SIGN': 'theirs',
        authorization: 'Bearer theirs',
        cookie: 'theirs=1',
        'x-api-key': 'theirs',
        'proxy-authorization': 'Basic theirs',
      },
    }),
  );
  const sent = standard.origin.received('api.a.test');
  expect(sent).toContain('GET /x?a=b HTTP/1.1');
  expect(sent).not.toContain('theirs');
  expect(sent.match(/authorization: /gi)).toHaveLength(1);
  expect(sent).toContain(`Bearer ${SECRET}`);
});

test('a Connection header cannot take our credential away', async () => {
  await underInvariants(standard, () =>
    sandbox().rawInside(
      'api.a.test:443',
      'GET /x HTTP/1.1\r\nHost: api.a.test\r\nConnection: authorization, close\r\n\r\n',
    ),
  );
  expect(standard.origin.received('api.a.test')).toContain(`authorization: Bearer ${SECRET}`);
});

test.each([
  ['pypi.test', false],
  ['own.test', true],
])('on the domain entry %s own credentials pass: %s', async (host, passes) => {
  await underInvariants(standard, () =>
    sandbox().request(`https://${host}/x?private_token=theirs-q`, {
      headers: { authorization: 'Bearer theirs-h', cookie: 'c=theirs-c' },
    }),
  );
  const sent = standard.origin.received(host);
  expect(sent.includes('theirs-q')).toBe(passes);
  expect(sent.includes('theirs-h')).toBe(passes);
  expect(sent.includes('theirs-c')).toBe(passes);
});

test.each(['api.a.test', 'pypi.test'])(
  'to %s none of the names passes under which clients send credentials',
  async (host) => {
    const names = ['Authorization', 'X-Auth-Key', 'x_vault_token', 'X-NuGet-ApiKey', 'X-JFrog-Art-Api', 'DD-API-KEY'];
    const headers = [...names, 'X-Shopify-Access-Token', 'PRIVATE-TOKEN', 'Cookie'].map(
      (name) => `${name}: theirs\r\n`,
    );
    const query = 'a=b;access_token=theirs&token=theirs&access_token[]=theirs&access.token=theirs&page_token=kept';
    await underInvariants(standard, () =>
      sandbox().rawInside(
        `${host}:443`,
        `GET /x?${query} HTTP/1.1\r\nHost: ${host}\r\nIdempotency-Key: kept\r\n${headers.join('')}\r\n`,
      ),
    );
    const sent = standard.origin.received(host);
    expect(sent).toContain('GET /x?a=b&page_token=kept HTTP/1.1');
    expect(sent.toLowerCase()).toContain('idempotency-key: kept');
    expect(sent).not.toContain('theirs');
  },
);

test('an entry that blocks own credentials refuses them and lets others pass', async () => {
  await underInvariants(
    standard,
    async () => {
      const refused = await sandbox().request('https://strict.test/x', { headers: { authorization: 'Bearer theirs' } });
      expect(refused).toMatchObject({ status: 403, error: { code: 'own_credentials', rule: 'strict.test' } });
      expect((await sandbox().request('https://strict.test/x')).status).toBe(200);
    },
    { events: 2 },
  );
  expect(standard.origin.received('strict.test')).not.toContain('theirs');
});

test('a redirect is passed on untouched and never followed', async () => {
  const answer = await underInvariants(standard, () => sandbox().request('https://api.a.test/redirect'));
  expect(answer).toMatchObject({
    status: 302,
    headers: { location: 'https://evil.test/', 'set-cookie': ['a=1', 'b=2'] },
  });
  expect(standard.origin.received('evil.test')).toBe('');
});

test('an answer of 401 is final and unchanged', async () => {
  const answer = await underInvariants(standard, () => sandbox().request('https://api.a.test/denied'));
  expect(answer).toMatchObject({ status: 401, text: 'no', headers: { 'www-authenticate': 'Bearer' } });
});

test('a denied request with a body that waits for 100 gets a final answer and no body is read', async () => {
  const text = await underInvariants(standard, () =>
    sandbox().raw(
      'POST http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n',
    ),
  );
  expect(text).not.toContain('100 Continue');
  expect(refusal(text)).toEqual({ status: 403, code: 'not_allowed' });
});

test('an allowed request that waits for 100 gets it', async () => {
  const text = await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
      if (got.endsWith('100 Continue\r\n\r\n')) socket.write('0123456789');
    });
    socket.write('POST /x HTTP/1.1\r\nHost: api.a.test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n');
    while (!got.includes('200 OK')) await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    return got;
  });
  expect(text).toContain('100 Continue');
  expect(standard.origin.received('api.a.test')).toContain('0123456789');
});

test('WebSocket is refused in words, other upgrades lose their header and go on', async () => {
  await underInvariants(
    standard,
    async () => {
      const refused = await sandbox().request('https://api.a.test/x', {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'x',
        },
      });
      expect(refused).toMatchObject({
        status: 403,
        error: { code: 'upgrade_not_supported', hint: expect.stringContaining('WebSocket') },
      });
      const text = await sandbox().rawInside(
        'api.a.test:443',
        'GET /x HTTP/1.1\r\nHost: api.a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
      );
      expect(text).toContain('200 OK');
    },
    { events: 2 },
  );
  expect(standard.origin.received('api.a.test').toLowerCase()).not.toContain('upgrade');
});

test('TRACE, whose answer would be the request with its credential, is carried nowhere', async () => {
  const text = await underInvariants(standard, () =>
    sandbox().rawInside('api.a.test:443', 'TRACE /x HTTP/1.1\r\nHost: api.a.test\r\n\r\n'),
  );
  expect(refusal(text)).toEqual({ status: 403, code: 'method_not_allowed' });
  expect(standard.origin.received('api.a.test')).toBe('');
});

test('routing and method overrides never leave', async () => {
  await underInvariants(standard, () =>
    sandbox().request('https://api.a.test/x', {
      method: 'POST',
      body: 'a',
      headers: {
        'x-forwarded-host': 'evil.test',
        'x-original-url': '/admin',
        'x-rewrite-url': '/admin',
        'x-envoy-original-dst-host': 'evil.test:80',
        'x-override-url': '/admin',
        forwarded: 'host=evil.test',
        'x-http-method-override': 'DELETE',
        'keep-alive': 'x',
        te: 'trailers',
      },
    }),
  );
  const sent = standard.origin.received('api.a.test').toLowerCase();
  for (const word of ['evil.test', '/admin', 'delete', 'keep-alive: x', 'te: trailers'])
    expect(sent).not.toContain(word);
});

test('a connection acts for nobody but itself, whatever headers ask for', async () => {
  const headers = {
    'Impersonate-User': 'root',
    'impersonate-extra-scopes': 'root',
    'As-User': 'root',
    'Dropbox-API-Select-Admin': 'root',
    'X-On-Behalf-Of': 'root',
    'es-security-runas-user': 'root',
    Remote_User: 'root',
  };
  await underInvariants(standard, () => sandbox().request('https://api.a.test/x', { headers }));
  expect(standard.origin.received('api.a.test')).not.toContain('root');
  // A host to which its own credentials may pass.
  await underInvariants(standard, () => sandbox().request('https://own.test/x', { headers }));
  expect(standard.origin.received('own.test').match(/root/g)).toHaveLength(7);
});

test('basic and custom header credentials are attached in their form', async () => {
  const { world, policy, addresses } = standard;
  await world.apply({
    connections: [
      connection('basic', 'api.a.test', { addresses, credential: { kind: 'basic' } }),
      connection('key', 'pypi.test', {
        addresses,
        credential: { kind: 'header', name: 'x-service-key', prefix: 'v1 ' },
        paths: ['/key'],
      }),
    ],
    attached: {
      [SCOPE_1]: {
        connections: ['basic', 'key'],
        domains: [domain('pypi.test', { addresses, ownCredentials: 'pass' })],
      },
    },
  });
  const injectedHosts = ['api.a.test', 'pypi.test'];
  await underInvariants(
    standard,
    async () => {
      await sandbox().request('https://api.a.test/x');
      await sandbox().request('https://pypi.test/key', {
        headers: { 'X-Service-Key': 'theirs', X_Service_Key: 'theirs' },
      });
      // Bare, but the connection's own header is stripped there too.
      await sandbox().request('https://pypi.test/other', {
        headers: { 'x-service-key': 'theirs', authorization: 'theirs' },
      });
    },
    { events: 3, injectedHosts },
  );
  expect(standard.origin.received('api.a.test')).toContain(`Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`);
  const sent = standard.origin.received('pypi.test');
  expect(sent).toContain(`x-service-key: v1 ${SECRET}`);
  expect(sent).not.toContain('theirs');
  await world.apply(policy);
});

test('the same host with a credential in one scope and without in another keeps them apart', async () => {
  await underInvariants(
    standard,
    async () => {
      await Promise.all(
        Array.from({ length: 5 }, async () => {
          await Promise.all([
            sandbox().request('https://api.a.test/one'),
            standard.world.sandbox(S2).request('https://api.a.test/two'),
          ]);
        }),
      );
    },
    { events: 5 },
  );
  const sent = standard.origin.received('api.a.test').split(/(?=GET \/(?:one|two))/);
  for (const each of sent.filter((part) => part.startsWith('GET /two'))) expect(each).not.toContain(SECRET);
  expect(sent.filter((part) => part.startsWith('GET /two')).length).toBe(5);
  const events = await standard.world.events(S2, 5);
  expect(events.every(({ outcome, scope }) => outcome === 'forwarded' && scope === 'channel:T1:C2')).toBe(true);
});

test('headers that name another sandbox or request mean nothing', async () => {
  const answer = await underInvariants(standard, () =>
    standard.world.sandbox(S1).request('https://evil.test/', {
      headers: { 'x-request-id': 'mine', 'x-agent-id': S2, 'proxy-authorization': `Basic ${S2}` },
    }),
  );
  expect(answer.error?.requestId).not.toBe('mine');
});
