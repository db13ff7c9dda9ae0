import { randomUUID } from 'node:crypto';
import { duplexPair } from 'node:stream';
import type { EffectiveAccess } from '../../access/decision.ts';
import type { AccessDocument, Connection } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import { NO_FACTS } from '../../access/mcp/judge-tool.ts';
import type { HeldConnection } from '../../access/personal-access.ts';
import { ownerOf, type Person, personScope, principalOf, type ScopeKey } from '../../contracts/scope.ts';
import type { AskedTest, TestAnswer } from '../../store/personal-tests.ts';
import { type ConnectionAnswer, type ConnectionRequest, ControlError } from '../control/protocol.ts';
import type { Lease } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import type { HttpFront } from '../listener/http-front.ts';
import { askForStatus, farewellOf, greetingOf, requestOf, type TestRequest } from './test-request.ts';

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
  /** The same in the name of a person, with what they have connected and nothing else. */
  lendTo<T>(owner: ScopeKey, work: (sandbox: string) => Promise<T>): Promise<T>;
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
const FAREWELL_MS = 2_000;

/** Each test has a lease of its own under a name that no sandbox can have, and goes through the usual front. */
export function createConnectionTests(options: ConnectionTestsOptions): ConnectionTests {
  const { clients, front, document, held, onError } = options;
  const underWay = new Map<string, Lease>();

  /** Lends a name to who acts in this way, until `work` is done. Without `access` they have that of their scope. */
  async function lendName<T>(
    acting: Pick<Lease['request'], 'scope' | 'principal' | 'requester'>,
    access: (() => EffectiveAccess) | null,
    work: (sandbox: string) => Promise<T>,
  ): Promise<T> {
    // No sandbox can have this name: it has a colon.
    const sandbox = `operator:${randomUUID()}`;
    const request = { sandbox, session: null, epoch: { turn: 1, attempt: 1 }, ...acting };
    underWay.set(sandbox, { request, denials: [], ...(access && { access }) });
    try {
      return await work(sandbox);
    } finally {
      underWay.delete(sandbox);
    }
  }

  async function lendTo<T>(scope: ScopeKey, work: (sandbox: string) => Promise<T>): Promise<T> {
    const requester = ownerOf(scope)?.person ?? '';
    return await lendName({ scope, principal: principalOf(scope), requester }, null, work);
  }

  async function own({ team, person, connection: name }: AskedTest): Promise<TestAnswer> {
    const scope = personScope(team, person);
    const known = document();
    const theirs = (await held({ team, person })).filter(({ connection }) => connection === name);
    const offer = known?.people?.offers.find((each) => each.name === name);
    if (!known || !offer || theirs.length === 0) return { status: null, code: 'not_connected' };
    const request = offer.connection.mcp ? greetingOf(offer.connection.id, offer.connection.mcp) : null;
    if (request === null && offer.connection.test === null) return { status: null, code: 'no_test' };
    const access = () => effectiveAccess(document() ?? known, scope, theirs);
    const acting = { scope, principal: principalOf(scope), requester: person };
    const { status, refusal } = await lendName(acting, access, async (sandbox) => {
      const answer = await test(sandbox, request ?? requestOf(offer.connection, {}), OWN_TIMEOUT_MS);
      // Servers keep a session until it is ended.
      if (request && answer.session !== null) {
        await test(sandbox, farewellOf(request, answer.session), FAREWELL_MS).catch(() => undefined);
      }
      return answer;
    });
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
    return await lendName(acting, () => accessTo(id, document()), work);
  }

  async function test(sandbox: string, request: TestRequest, timeoutMs: number) {
    const { method, url, authority, server } = request;
    const [ours, theirs] = duplexPair();
    try {
      const client = clients.admit(sandbox, theirs);
      if (!client) throw new ControlError('internal', 'the proxy has no room for a test');
      // As if it had come through an intercepted tunnel to this host.
      client.tunnel = authority;
      if (server !== null) client.server = { connection: server, facts: NO_FACTS };
      front().serve(theirs);
      const before = performance.now();
      const answer = await askForStatus(ours, request, timeoutMs);
      return { method, url: url.href, ms: Math.round(performance.now() - before), ...answer };
    } finally {
      ours.destroy();
      theirs.destroy();
    }
  }

  return {
    current: (sandbox) => underWay.get(sandbox) ?? null,
    lend,
    lendTo,
    run: async (id, asked) => {
      const request = requestOf(connectionOf(id), asked);
      return await lend(id, async (sandbox) => {
        const { session: _, ...answer } = await test(sandbox, request, TIMEOUT_MS);
        return answer;
      });
    },
    runOwn: (asked) =>
      own(asked).catch((error: unknown) => {
        onError(error, 'a test that a person asked for broke off');
        return { status: null, code: 'broke_off' };
      }),
  };
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
