import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { AccessDocument, Connection, DomainEntry, RepositoryGrant } from '../../../../access/document.ts';
import type { PeopleAccess } from '../../../../access/people-access.ts';
import type { EgressEvent, LeaseRequest } from '../../../../contracts/egress.ts';
import { ownerOf, principalOf, type ScopeKey } from '../../../../contracts/scope.ts';
import { bindingOf } from '../../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../../credentials/key-pair.ts';
import { seal } from '../../../../credentials/seal.ts';
import { createProxyControl, type ProxyControl } from '../../../../proxy/control-client.ts';
import { type AgentProxy, type ProxyOptions, startProxy } from '../../../../proxy/create-proxy.ts';
import { createProxyStore, type ProxyStore } from '../../../../proxy/proxy-store.ts';
import { storeCredential } from '../../../../store/credentials.ts';
import { egressEventsOf } from '../../../../store/egress-events.ts';
import { storePolicy } from '../../../../store/policy.ts';
import { bundle } from '../../../support/access-document.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

export { connection, domain } from '../../../support/access-document.ts';

/** The credential that must never be seen anywhere but at its own origin. */
export const SECRET = 'canary-7f3Kq9+zW/x2Lp=Vt';
export const S1 = 'sandbox-one';
export const S2 = 'sandbox-two';
export const SCOPE_1: ScopeKey = 'channel:T1:C1';
export const SCOPE_2: ScopeKey = 'channel:T1:C2';

export interface WorldPolicy {
  readonly connections?: readonly Connection[];
  /** By scope. */
  readonly attached?: Readonly<
    Partial<
      Record<
        ScopeKey,
        {
          connections?: readonly string[];
          domains?: readonly DomainEntry[];
          repositories?: readonly RepositoryGrant[];
          enabled?: boolean;
          identity?: 'agent' | 'requester';
          personal?: readonly string[];
        }
      >
    >
  >;
  /** By connection. {@link SECRET} in the form of its kind by default. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly guardrails?: AccessDocument['guardrails'];
  readonly repositoryGuardrails?: AccessDocument['repositoryGuardrails'];
  readonly toolGuardrails?: AccessDocument['toolGuardrails'];
  /** What people may connect for themselves. */
  readonly people?: PeopleAccess;
}

export interface World extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly folder: string;
  readonly keys: KeyPair;
  readonly control: ProxyControl;
  proxy: AgentProxy;
  readonly dialled: string[];
  readonly problems: string[];
  sandbox(id: string): Sandbox;
  apply(policy: WorldPolicy): Promise<void>;
  /** Opens a lease and keeps it alive, as the turn's activity does. */
  openLease(sandbox: string, scope: ScopeKey, turn?: number, attempt?: number): Promise<void>;
  /** The activity is gone without a word. */
  stopBeating(sandbox: string): void;
  /** Events of a sandbox, once at least `count` are there that are wanted. */
  events(sandbox: string, count: number, isWanted?: (event: EgressEvent) => boolean): Promise<EgressEvent[]>;
  restart(): Promise<void>;
}

export interface WorldOptions extends Partial<ProxyOptions> {
  /** The user of a sandbox's relay. @default the user of the test */
  readonly relayUid?: number;
  /** Stands between the proxy and PostgreSQL. */
  readonly wrapStore?: (store: ProxyStore) => ProxyStore;
}

export async function startWorld({
  wrapStore = (store) => store,
  relayUid = process.getuid?.() ?? 0,
  ...overrides
}: WorldOptions = {}): Promise<World> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bp-'));
  const keys = await createKeyPair();
  const dialled: string[] = [];
  const problems: string[] = [];
  const controlSocket = path.join(folder, 'c.sock');
  const sandboxes = new Map<string, Sandbox>();
  let version = 0;
  let sealedVersion = 0;

  const options: ProxyOptions = {
    store: wrapStore(createProxyStore(database.database)),
    keys,
    operator: { staticNames: new Map(), ceilings: [], caBundles: [] },
    own: [],
    controlSocket,
    runDir: path.join(folder, 'run'),
    stateDir: path.join(folder, 'state'),
    spoolDir: path.join(folder, 'spool'),
    spoolMaxBytes: 64 * 1024 * 1024,
    bundleFile: path.join(folder, 'ca.pem'),
    clock: { now: () => performance.now() },
    resolve: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    onError: (error, what) => problems.push(`${what}: ${error instanceof Error ? error.message : ''}`),
    onDial: (address, port) => dialled.push(`${address}:${port}`),
    ...overrides,
  };
  let proxy = await startProxy(options);
  const control = createProxyControl({ socketPath: controlSocket });

  const beating = new Map<string, LeaseRequest>();
  const beat = setInterval(() => {
    for (const lease of beating.values()) control.renewLease(lease).catch(() => {});
  }, 2_000);

  const world: World = {
    database,
    folder,
    keys,
    control,
    get proxy() {
      return proxy;
    },
    dialled,
    problems,
    sandbox(id) {
      let sandbox = sandboxes.get(id);
      if (!sandbox) {
        const pem = () => authorityPem;
        sandbox = createSandbox(path.join(options.runDir, id, 'proxy.sock'), pem);
        sandboxes.set(id, sandbox);
      }
      return sandbox;
    },
    async apply(policy) {
      const { connections = [], attached = {}, secrets = {} } = policy;
      const { guardrails = [], repositoryGuardrails = [], toolGuardrails = [], people } = policy;
      version += 1;
      sealedVersion += 1;
      const versioned = connections.map((each) => ({ ...each, credentialVersion: sealedVersion }));
      for (const connection of versioned) {
        const secret = connection.credential.kind === 'basic' ? `user:${SECRET}` : SECRET;
        const sealed = await seal(keys.publicKey, bindingOf(connection), secrets[connection.id] ?? secret);
        await storeCredential(database.database, {
          connection: connection.id,
          version: sealedVersion,
          keyId: keys.publicKey.id,
          sealed,
        });
      }
      const entries = Object.entries(attached) as [ScopeKey, NonNullable<(typeof attached)[ScopeKey]>][];
      await storePolicy(database.database, {
        document: {
          version,
          connections: versioned,
          guardrails,
          repositoryGuardrails,
          toolGuardrails,
          ...(people && { people }),
          bundles: entries.map(([scope, { connections = [], domains = [], repositories = [] }]) =>
            bundle(`bundle-${scope}`, { connections, domains, repositories }),
          ),
          scopes: entries.map(([scope, each]) => ({
            scope,
            label: scope,
            enabled: each.enabled ?? null,
            bundles: [`bundle-${scope}`],
            instructions: '',
            ...(each.identity && { identity: each.identity }),
            ...(each.personal && { personal: each.personal }),
          })),
        },
        source: '',
        appliedBy: 'test',
      });
      await proxy.refreshPolicy();
    },
    async openLease(sandbox, scope, turn = 1, attempt = 1) {
      await control.ensureListener(sandbox, relayUid);
      const lease = leaseOf(sandbox, scope, turn, attempt);
      await control.openLease(lease);
      beating.set(sandbox, lease);
    },
    stopBeating: (sandbox) => void beating.delete(sandbox),
    async events(sandbox, count, isWanted = () => true) {
      const until = Date.now() + 5_000;
      for (;;) {
        const events = (await egressEventsOf(database.database, sessionOf(sandbox))).filter(isWanted);
        if (events.length >= count || Date.now() > until) return events;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async restart() {
      await proxy.stop(500);
      proxy = await startProxy(options);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await control.close();
      await proxy.stop(500);
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const authorityPem = await readFile(path.join(options.stateDir, 'ca', 'ca.crt'), 'utf8');
  return world;
}

export function sessionOf(sandbox: string): `slack:${string}:${string}:${string}` {
  return `slack:T1:C1:${sandbox}`;
}

export function leaseOf(sandbox: string, scope: ScopeKey, turn = 1, attempt = 1): LeaseRequest {
  return {
    sandbox,
    session: sessionOf(sandbox),
    epoch: { turn, attempt },
    scope,
    principal: principalOf(scope),
    // In a direct message nobody else begins a turn.
    requester: ownerOf(scope)?.person ?? 'U1',
  };
}
