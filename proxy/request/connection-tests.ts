import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { duplexPair } from 'node:stream';
import type { EffectiveAccess } from '../../access/decision.ts';
import type { AccessDocument, Connection } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import type { HeldConnection } from '../../access/personal-access.ts';
import { type Person, personScope, principalOf } from '../../contracts/scope.ts';
import type { AskedTest, TestAnswer } from '../../store/personal-tests.ts';
import { type ConnectionAnswer, type ConnectionRequest, ControlError } from '../control/protocol.ts';
import type { Lease } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import type { HttpFront } from '../listener/http-front.ts';
import { hostHeader, parseAuthority } from './authority.ts';

/** Tests connections on behalf of the operator. */
export interface ConnectionTests {
  /**
   * Sends one request with the credential of a connection, and says what the service answered. It passes through all that
   * a request of a sandbox passes through, and leaves an event of the principal `operator`. Only the rules of this
   * connection and the guardrails decide: it need not be attached anywhere.
   * @throws ControlError `not_found` for an unknown connection, `bad_request` for a request that cannot be sent
   */
  run(connection: string, request: ConnectionRequest): Promise<ConnectionAnswer>;
  /**
   * Lends a name with which a connection can be used in the same way, until `work` is done.
   * @throws ControlError `not_found` for an unknown connection
   */
  lend<T>(connection: string, work: (sandbox: string) => Promise<T>): Promise<T>;
  /**
   * The same as {@link run} for a connection of a person, in that person's name, by the request that its preset names. It
   * never rejects.
   */
  runOwn(asked: AskedTest): Promise<TestAnswer>;
  /** Of a test that is under way. */
  current(sandbox: string): Lease | null;
}

export interface ConnectionTestsOptions {
  readonly clients: Pick<Clients, 'admit'>;
  readonly front: () => HttpFront;
  /** The policy in use. Null before the first is loaded. */
  readonly document: () => AccessDocument | null;
  /** What a person has connected at this moment. */
  readonly held: (owner: Person) => Promise<readonly HeldConnection[]>;
  readonly onError: (error: unknown, what: string) => void;
}

const TIMEOUT_MS = 60_000;
/** Less than the 30 s for which a proxy has a test to itself (store/personal-tests.ts), so that no other one repeats it. */
const OWN_TIMEOUT_MS = 20_000;
const MAX_REFUSAL = 64 * 1024;

export function createConnectionTests(options: ConnectionTestsOptions): ConnectionTests {
  const { clients, front, document, held, onError } = options;
  const underWay = new Map<string, Lease>();

  /** Lends a name to who acts in this way, until `work` is done. */
  async function lendTo<T>(
    acting: Pick<Lease['request'], 'scope' | 'principal' | 'requester'>,
    access: () => EffectiveAccess,
    work: (sandbox: string) => Promise<T>,
  ): Promise<T> {
    // No sandbox can have this name: it has a colon.
    const sandbox = `operator:${randomUUID()}`;
    const request = { sandbox, session: null, epoch: { turn: 1, attempt: 1 }, ...acting };
    underWay.set(sandbox, { request, denials: [], access });
    try {
      return await work(sandbox);
    } finally {
      underWay.delete(sandbox);
    }
  }

  async function own({ team, person, connection: name }: AskedTest): Promise<TestAnswer> {
    const scope = personScope(team, person);
    const known = document();
    const theirs = (await held({ team, person })).filter(({ connection }) => connection === name);
    const offer = known?.people?.offers.find((each) => each.name === name);
    if (!known || !offer || theirs.length === 0) return { status: null, code: 'not_connected' };
    if (offer.connection.test === null) return { status: null, code: 'no_test' };
    const access = () => effectiveAccess(document() ?? known, scope, theirs);
    const acting = { scope, principal: principalOf(scope), requester: person };
    const request = requestOf(offer.connection, {});
    const { status, refusal } = await lendTo(acting, access, (sandbox) => test(sandbox, request, OWN_TIMEOUT_MS));
    return { status, code: refusal?.code ?? null };
  }

  function connectionOf(id: string): Connection {
    const connection = document()?.connections.find((each) => each.id === id);
    if (!connection) throw new ControlError('not_found', `no connection ${id} is in force`);
    return connection;
  }

  async function lend<T>(id: string, work: (sandbox: string) => Promise<T>): Promise<T> {
    connectionOf(id);
    const acting = { scope: 'organization', principal: 'operator', requester: 'operator' } as const;
    return await lendTo(acting, () => accessTo(id, document()), work);
  }

  async function test(sandbox: string, request: ReturnType<typeof requestOf>, timeoutMs: number) {
    const { method, url, authority } = request;
    const [ours, theirs] = duplexPair();
    try {
      const client = clients.admit(sandbox, theirs);
      if (!client) throw new ControlError('internal', 'the proxy has no room for a test');
      // As if it had come through an intercepted tunnel to this host.
      client.tunnel = authority;
      front().serve(theirs);
      const before = performance.now();
      const answer = await ask(ours, request, timeoutMs);
      return { method, url: url.href, ms: Math.round(performance.now() - before), ...answer };
    } finally {
      ours.destroy();
      theirs.destroy();
    }
  }

  return {
    current: (sandbox) => underWay.get(sandbox) ?? null,
    lend,
    run: async (id, asked) => {
      const request = requestOf(connectionOf(id), asked);
      return await lend(id, (sandbox) => test(sandbox, request, TIMEOUT_MS));
    },
    runOwn: (asked) =>
      own(asked).catch((error: unknown) => {
        onError(error, 'a test that a person asked for broke off');
        return { status: null, code: 'broke_off' };
      }),
  };
}

function requestOf(connection: Connection, asked: ConnectionRequest) {
  const test = asked.url === undefined ? connection.test : { method: asked.method ?? 'GET', url: asked.url };
  if (!test) {
    const hint = 'say in bellhop.yaml what to test (test: GET https://…), or name a request here';
    throw new ControlError('bad_request', `connection ${connection.id} names no test: ${hint}`);
  }
  const url = URL.canParse(test.url) ? new URL(test.url) : null;
  if (url?.protocol !== 'https:') throw new ControlError('bad_request', 'a test needs a URL with https');
  try {
    return { method: test.method, url, authority: parseAuthority(url.host, 443) };
  } catch (error) {
    throw new ControlError('bad_request', (error as Error).message);
  }
}

/** The rules of one connection alone, with what any bundle grants by it. */
function accessTo(id: string, document: AccessDocument | null) {
  const {
    version = 0,
    bundles = [],
    connections = [],
    guardrails = [],
    repositoryGuardrails = [],
    toolGuardrails = [],
  } = document ?? {};
  const repositories = bundles.flatMap((bundle) => bundle.repositories).filter(({ connection }) => connection === id);
  const bundle = { id: 'test', connections: [id], domains: [], repositories, registries: [], instructions: '' };
  const scope = {
    scope: 'organization',
    label: 'operator',
    enabled: true,
    bundles: ['test'],
    instructions: '',
  } as const;
  return effectiveAccess(
    { version, bundles: [bundle], connections, guardrails, repositoryGuardrails, toolGuardrails, scopes: [scope] },
    'organization',
  );
}

/** The status of the answer, and the reason when the proxy refused. Nothing of the service's body is read. */
function ask(
  socket: ReturnType<typeof duplexPair>[0],
  { method, url, authority }: ReturnType<typeof requestOf>,
  timeoutMs: number,
): Promise<Pick<ConnectionAnswer, 'status' | 'refusal' | 'location'>> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new ControlError('internal', why));
    const request = http.request({
      createConnection: () => socket as never,
      method,
      path: url.pathname + url.search,
      headers: { host: hostHeader(authority, 'https'), accept: '*/*', 'user-agent': 'bellhop' },
    });
    // The `timeout` of node:http is that of a socket. A pair of streams has none.
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
    request.on('close', () => clearTimeout(timer));
    request.on('error', (error) => fail(`the test broke off: ${error.message}`));
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      // Only the proxy sends this header: it removes it from every answer of a host.
      if (response.headers['x-agent-proxy'] === undefined) {
        response.destroy();
        resolve({ status, refusal: null, location: response.headers.location ?? null });
        return;
      }
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < MAX_REFUSAL) text += chunk;
      });
      response.on('end', () => {
        resolve({ status: null, refusal: refusalIn(text, String(response.headers['x-agent-proxy'])), location: null });
      });
      // After 'end' this changes nothing.
      response.on('close', () => fail('the test broke off in the middle of its answer'));
    });
    request.end();
  });
}

/** What the proxy refused. For git it says so in plain text, and its header has the code. */
function refusalIn(text: string, header: string): NonNullable<ConnectionAnswer['refusal']> {
  try {
    const { code, message, hint } = (JSON.parse(text) as { error: { code: string; message: string; hint: string } })
      .error;
    return { code, message, hint };
  } catch {
    const code = /\bcode=([a-z_]+)/.exec(header)?.[1] ?? 'internal';
    return { code, message: text.trim().replace(/^bellhop: /, ''), hint: '' };
  }
}
