import path from 'node:path';
import { offerOf } from '../access/personal-access.ts';
import type { EgressCounts, EgressEvent } from '../contracts/egress.ts';
import type { ChangeLog } from '../contracts/state-changes.ts';
import { within } from '../contracts/within.ts';
import type { KeyPair } from '../credentials/key-pair.ts';
import { writeCaBundle } from './ca-bundle.ts';
import { startControlServer } from './control/control-server.ts';
import type { ProxyHealth } from './control/protocol.ts';
import { createCommitAuthors } from './credentials/commit-authors.ts';
import { createInjector } from './credentials/injector.ts';
import { createPersonAuthor } from './credentials/person-author.ts';
import { createClientSecrets } from './credentials/tokens/client-secrets.ts';
import { createMinter } from './credentials/tokens/minter.ts';
import { createAddressGuard, type OwnListener } from './dialer/address-guard.ts';
import { createGuardedDialer } from './dialer/guarded-dialer.ts';
import { createBoundedResolve, type Resolve } from './dialer/resolve.ts';
import { createTrust } from './dialer/trust.ts';
import { createUpstreamPools } from './dialer/upstream-pools.ts';
import { createEventBudget } from './events/event-budget.ts';
import { startEventDelivery } from './events/event-delivery.ts';
import { createRecorder } from './events/recorder.ts';
import { openSpool } from './events/spool.ts';
import { createForgeGate } from './git/forge-gate.ts';
import { createAwakeClock } from './lease/awake-clock.ts';
import { createEpochFloors } from './lease/epoch-floors.ts';
import { createLeaseTable, type LeaseTable, type MonotonicClock } from './lease/lease-table.ts';
import { CLIENT_LIMITS, type ClientLimits, createClients } from './listener/clients.ts';
import { createDirectConnections } from './listener/direct-connections.ts';
import { createBrokenHandler } from './listener/handle-broken.ts';
import { createHttpFront, type HttpFront } from './listener/http-front.ts';
import { createRateLimit, type RateLimitOptions } from './listener/rate-limit.ts';
import { createSandboxListeners } from './listener/sandbox-listeners.ts';
import { createDiscovery } from './mcp/discovery-door.ts';
import { createServerDoor } from './mcp/server-door.ts';
import type { OperatorFile } from './operator/operator-file.ts';
import { startPeopleWork } from './personal/people-work.ts';
import { createOverlapTimer } from './policy/overlap-timer.ts';
import { createPersonalFeed } from './policy/personal-feed.ts';
import { startPolicyFeed } from './policy/policy-feed.ts';
import type { ProxyStore } from './proxy-store.ts';
import { createAdmission } from './request/admission.ts';
import { createAnswerMasks } from './request/answer-mask.ts';
import { createBodyBudget } from './request/body-budget.ts';
import { createConnectionTests } from './request/connection-tests.ts';
import { createRequestHandler } from './request/handle-request.ts';
import { createJudge, versionOf } from './request/judge-request.ts';
import { createRefuser } from './request/refuse.ts';
import { createSender } from './request/send-request.ts';
import { openCertificateAuthority } from './tls/certificate-authority.ts';
import { createLeafCertificates } from './tls/leaf-certificates.ts';
import { createBlindTunnels } from './tunnel/blind-tunnels.ts';
import { createDirectTlsHandler } from './tunnel/direct-tls.ts';
import { createConnectHandler } from './tunnel/handle-connect.ts';
import { createIntercept } from './tunnel/intercept.ts';
import { judgeConnect } from './tunnel/judge-connect.ts';
import { createOpenTunnel } from './tunnel/open-tunnel.ts';
import { createTellRefusal } from './tunnel/tell-refusal.ts';

export interface ProxyOptions {
  readonly store: ProxyStore;
  readonly keys: KeyPair;
  readonly operator: OperatorFile;
  readonly own: readonly OwnListener[];
  readonly controlSocket: string;
  readonly runDir: string;
  /** `<home>/proxy`. Holds the certificate authority, the epoch floors, and which user each socket belongs to. */
  readonly stateDir: string;
  readonly spoolDir: string;
  readonly spoolMaxBytes: number;
  /** How many requests of a turn get a row of their own. Further requests share rows. @default EVENTS_PER_TURN */
  readonly eventsPerTurn?: number;
  /** Where the sandboxes' CA bundle is written. Null writes none. */
  readonly bundleFile: string | null;
  readonly clock: MonotonicClock;
  readonly resolve: Resolve;
  readonly onError: (error: unknown, what: string) => void;
  readonly limits?: ClientLimits;
  /** How many refusals of one sandbox are told without a delay. @default DENIALS */
  readonly denials?: Omit<RateLimitOptions, 'clock'>;
  /** Called for every request when it is over. */
  readonly onEvent?: (event: EgressEvent) => void;
  /** Gets a line for each lease that opens or ends. */
  readonly log?: ChangeLog;
  /** Called with every address before it is dialled. */
  readonly onDial?: (address: string, port: number) => void;
}

export interface AgentProxy {
  /** Loads the policy now. Call it when PostgreSQL notifies of a change. */
  refreshPolicy(): Promise<void>;
  /**
   * Runs the tests that people have asked for, exchanges what they grant, and ends requests with what they have removed. Call it when PostgreSQL
   * notifies of one.
   */
  servePeople(): void;
  health(): ProxyHealth;
  /** Accepts nothing more, gives open requests at most `graceMs` to end, and closes everything. */
  stop(graceMs: number): Promise<void>;
}

export const EVENTS_PER_TURN = 1_000;

const EXPIRY_CHECK_MS = 250;
/** Refused requests of one sandbox that are answered at once. */
export const DENIALS = { perSecond: 50, burst: 500 };
const MINTS = { perSecond: 10, burst: 100 };
/** Certificates that are only made to tell a refusal. 100 of them take about 2 MB. */
const REFUSAL_MINTS = { perSecond: 2, burst: 20 };
const REFUSAL_LEAVES = { max: 100 };
const EARLIER_COUNTS_MS = 1_000;
/**
 * How long the end of the process waits for tokens that are being fetched. A refresh token that came with an answer would
 * be lost otherwise, and nobody would know the newest one.
 */
const MINT_END_MS = 12_000;

/**
 * Puts the Agent Proxy together and starts it. It refuses everything until the policy is loaded.
 *
 * The path of one request (docs/proxy-security.md tells each step):
 * `listener/` accepts it on one of the sandbox's two sockets → `tunnel/` opens CONNECT → `request/` reads and judges it →
 * `credentials/` attaches a credential → `events/` records it → `dialer/` connects to a checked address.
 */
export async function startProxy(options: ProxyOptions): Promise<AgentProxy> {
  const { store, keys, operator, clock, onError, stateDir } = options;
  let draining = false;

  const authority = await openCertificateAuthority(path.join(stateDir, 'ca'), new Date());
  if (options.bundleFile) {
    writeCaBundle({ file: options.bundleFile, own: authority.bundle, added: operator.caBundles });
  }
  const leaves = await createLeafCertificates(authority);
  const warn = (message: string) => onError(null, message);
  const floors = createEpochFloors({ folder: path.join(stateDir, 'epochs') });
  floors.prune(Date.now());
  const limits = options.limits ?? CLIENT_LIMITS;
  const clients = createClients(limits, clock);
  const leases = createLeaseTable({
    clock: createAwakeClock(clock),
    floors,
    endConnections: (lease) => clients.endOf(lease),
    log: options.log,
  });

  const spool = openSpool({
    folder: options.spoolDir,
    maxBytes: options.spoolMaxBytes,
    budget: createEventBudget({ ownRows: options.eventsPerTurn ?? EVENTS_PER_TURN }),
  });
  const delivery = startEventDelivery({ spool, store: store.storeEvents, isUnfit: store.isUnfit, onError });
  // Nobody follows the counts of a test by the operator.
  const counted: Pick<LeaseTable, 'count'> = {
    count: (lease, event) => void (lease.request.session === null || leases.count(lease, event)),
  };
  const recorder = createRecorder({ spool, delivery, leases: counted, onError, onEvent: options.onEvent });
  const refuser = createRefuser({
    recorder,
    clock,
    denials: createRateLimit({ clock, ...(options.denials ?? DENIALS) }),
    onError,
  });

  const dialer = createGuardedDialer({
    guard: createAddressGuard({ ceilings: operator.ceilings, own: options.own }),
    resolve: createBoundedResolve(options.resolve),
    staticNames: operator.staticNames,
    trust: createTrust(operator.caBundles),
    ...(options.onDial ? { onDial: options.onDial } : {}),
  });
  const pools = createUpstreamPools({ dialer });
  const clientSecrets = createClientSecrets({
    keys,
    document: () => policy.document,
    sealedOf: (connection) => policy.sealedOf(connection),
  });
  const minter = createMinter({
    ...{ dialer, keys, clientSecrets },
    rotations: store.rotations,
    personal: store.personalTokens,
    clock,
    onRenewalFailed: (connection, error) => onError(error, `the token of connection ${connection} was not renewed`),
  });
  const injector = createInjector({
    ...{ keys, minter, onError },
    sealedOf: (connection) => policy.sealedOf(connection),
    sealedPersonal: (owner, { id, credentialVersion }) =>
      store.sealedPersonal(owner, offerOf(id) ?? '', credentialVersion),
  });
  const personal = createPersonalFeed({
    held: store.held,
    allowed: store.allowed,
    isOffered: () => (policy.document?.people?.offers.length ?? 0) > 0,
    mayBeAllowed: () => policy.document?.people?.inChannels === 'ask',
    onError,
  });
  const blind = createBlindTunnels({ dialer, recorder, clock });
  const policy = startPolicyFeed({
    revision: store.policyRevision,
    load: store.policy,
    loadSealed: store.credentials,
    clock,
    onChange: onPolicyChange,
    onError,
  });

  const tests = createConnectionTests({
    ...{ clients, onError },
    front: () => front,
    document: () => policy.document,
    held: store.held,
  });
  const people = startPeopleWork({
    tests: { take: store.takeTest, answer: store.answerTest, tests },
    grants: {
      ...{ store: store.grants, dialer, keys, clientSecrets },
      offer: (name) => policy.document?.people?.offers.find((each) => each.name === name) ?? null,
    },
    sender: () => sender,
    onError,
  });
  const authors = createCommitAuthors({
    document: () => policy.document,
    injector,
    personal,
    personAuthor: createPersonAuthor({ dialer, injector }),
    confirm: () => policy.confirmForInjection(),
    onError,
  });
  const admission = createAdmission({
    leases: { current: (sandbox) => tests.current(sandbox) ?? leases.current(sandbox) },
    clients,
    isDraining: () => draining,
  });
  const intercept = createIntercept({
    leaves,
    clients,
    front: () => front,
    mints: createRateLimit({ clock, ...MINTS }),
  });
  const open = createOpenTunnel({ admission, clients, policy, personal, intercept, blind });
  const bodies = createBodyBudget();
  const masks = createAnswerMasks();
  const judge = createJudge({ policy, personal, injector, forgeGate: createForgeGate() });
  const overlaps = createOverlapTimer(() => sender.recheck());
  const sender = createSender({
    admission,
    judge,
    personal,
    pools,
    recorder,
    clock,
    bodySilenceMs: limits.bodySilenceMs,
    bodies,
    masks,
  });
  const front: HttpFront = createHttpFront({
    onRequest: createRequestHandler({
      admission,
      clients,
      judge,
      sender,
      refuser,
      clock,
      bodySilenceMs: limits.bodySilenceMs,
      bodies,
    }),
    onConnect: createConnectHandler({ admission, clients, open, refuser, clock }),
    onBroken: createBrokenHandler({ clients, admission, refuser, clock }),
    answered: (socket) => clients.answered(clients.of(socket)),
    idleMs: limits.idleMs,
  });
  const directTls = createDirectTlsHandler({
    ...{ admission, clients, open, refuser, clock },
    tell: createTellRefusal({
      leaves: await createLeafCertificates(authority, REFUSAL_LEAVES),
      mints: createRateLimit({ clock, ...REFUSAL_MINTS }),
    }),
  });
  const listeners = createSandboxListeners({
    runDir: options.runDir,
    stateDir: path.join(stateDir, 'listeners'),
    warn,
    onConnection: (sandbox, socket) => {
      if (clients.admit(sandbox, socket)) front.serve(socket);
    },
    onDirectConnection: createDirectConnections({ clients, front, onTls: directTls }),
  });

  /** New requests are judged by the new policy. This ends open requests and tunnels that it no longer allows. */
  function onPolicyChange(): void {
    injector.clear();
    masks.clear();
    minter.retain(policy.connections);
    const current = new Set(policy.connections.map(versionOf));
    pools.retain((connection) => current.has(connection));
    overlaps.set(policy.connections);
    sender.recheck();
    blind.recheck((exchange, authority) => {
      if (!exchange.lease) return false;
      const { scope, principal } = exchange.lease.request;
      return judgeConnect(authority, policy.accessTo(authority.host, scope, [], principal)).way === 'tunnel';
    });
  }

  function health(): ProxyHealth {
    return {
      policy: { version: policy.version, ageMs: policy.ageMs === null ? null : Math.round(policy.ageMs) },
      database: policy.databaseAway || delivery.failing ? 'away' : 'up',
      spoolBytes: spool.bytes(),
      sandboxes: listeners.list().length,
      leases: leases.openCount(),
      ceilings: operator.ceilings,
    };
  }

  const expiry = setInterval(() => leases.expire(), EXPIRY_CHECK_MS);
  await policy.refresh();
  await listeners.restore();
  const door = createServerDoor({ clients, front: () => front, leases, tests, document: () => policy.document });
  const control = await startControlServer({
    socketPath: options.controlSocket,
    leases,
    listeners,
    health,
    testConnection: (connection, request) => tests.run(connection, request),
    discover: createDiscovery({ dialer, document: () => policy.document }),
    commitAuthor: (scope, principal) => authors.of(scope, principal),
    door,
    onError: (error) => onError(error, 'the control socket failed on a request'),
    earlierCounts: ({ session, epoch }) => countsWithin(store.counts(session, epoch.turn), EARLIER_COUNTS_MS),
  });

  return {
    refreshPolicy: () => policy.refresh(),
    servePeople: () => people.poke(),
    health,
    async stop(graceMs) {
      draining = true;
      // A test under way is a request like others, and ends with them at the latest.
      const served = people.stop();
      listeners.stop();
      front.closeIdle();
      await clients.idle(graceMs);
      clients.endAll();
      clearInterval(expiry);
      overlaps.clear();
      await clients.idle(1_000);
      await served;
      await minter.idle(MINT_END_MS);
      await control.close();
      await policy.stop();
      await pools.destroy();
      await delivery.stop();
      spool.close();
      front.close();
    },
  };
}

/** Gives up on the earlier counts after `ms`, so that a slow database does not keep a turn from its lease. */
async function countsWithin(counts: Promise<EgressCounts>, ms: number): Promise<EgressCounts | undefined> {
  return (await within(ms, counts).catch(() => null))?.value;
}
