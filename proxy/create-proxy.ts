import path from 'node:path';
import type { AccessDocument } from '../access/document.ts';
import type { EgressCounts, EgressEvent } from '../contracts/egress.ts';
import type { KeyPair } from '../credentials/key-pair.ts';
import { writeCaBundle } from './ca-bundle.ts';
import { startControlServer } from './control/control-server.ts';
import type { ProxyHealth } from './control/protocol.ts';
import { createInjector } from './credentials/injector.ts';
import { createAddressGuard, type OwnListener } from './dialer/address-guard.ts';
import { createGuardedDialer } from './dialer/guarded-dialer.ts';
import { createBoundedResolve, type Resolve } from './dialer/resolve.ts';
import { createTrust } from './dialer/trust.ts';
import { createUpstreamPools } from './dialer/upstream-pools.ts';
import { startEventDelivery } from './events/event-delivery.ts';
import { createRecorder } from './events/recorder.ts';
import { openSpool } from './events/spool.ts';
import { createEpochFloors } from './lease/epoch-floors.ts';
import { createLeaseTable, type MonotonicClock } from './lease/lease-table.ts';
import { CLIENT_LIMITS, type ClientLimits, createClients } from './listener/clients.ts';
import { createBrokenHandler } from './listener/handle-broken.ts';
import { createHttpFront, type HttpFront } from './listener/http-front.ts';
import { createRateLimit } from './listener/rate-limit.ts';
import { createSandboxListeners } from './listener/sandbox-listeners.ts';
import type { OperatorFile } from './operator/operator-file.ts';
import { startPolicyFeed } from './policy/policy-feed.ts';
import { createAdmission } from './request/admission.ts';
import { createRequestHandler } from './request/handle-request.ts';
import { createJudge } from './request/judge-request.ts';
import { createRefuser } from './request/refuse.ts';
import { createSender } from './request/send-request.ts';
import { openCertificateAuthority } from './tls/certificate-authority.ts';
import { createLeafCertificates } from './tls/leaf-certificates.ts';
import { createBlindTunnels } from './tunnel/blind-tunnels.ts';
import { createConnectHandler } from './tunnel/handle-connect.ts';
import { createIntercept } from './tunnel/intercept.ts';
import { judgeConnect } from './tunnel/judge-connect.ts';

/** PostgreSQL as the proxy needs it. */
export interface ProxyStore {
  policy(): Promise<AccessDocument>;
  /** Sealed, by connection; those that are not stored are not there. */
  credentials(document: AccessDocument): Promise<ReadonlyMap<string, Uint8Array>>;
  storeEvents(events: readonly EgressEvent[]): Promise<unknown>;
  isUnfit(error: unknown): boolean;
  counts(session: string, turn: number): Promise<EgressCounts>;
}

export interface ProxyOptions {
  readonly store: ProxyStore;
  readonly keys: KeyPair;
  readonly operator: OperatorFile;
  readonly own: readonly OwnListener[];
  readonly controlSocket: string;
  readonly runDir: string;
  /** Authority, lease floors and what listens for whom: `<home>/proxy`. */
  readonly stateDir: string;
  readonly spoolDir: string;
  readonly spoolMaxBytes: number;
  /** Where the sandboxes' CA bundle is written; null for nowhere. */
  readonly bundleFile: string | null;
  readonly clock: MonotonicClock;
  readonly resolve: Resolve;
  readonly onError: (error: unknown, what: string) => void;
  readonly limits?: ClientLimits;
  /** Told of every address before it is tried. */
  readonly onDial?: (address: string, port: number) => void;
}

export interface AgentProxy {
  /** Asks for the policy now; to be called at a notification. */
  refreshPolicy(): Promise<void>;
  health(): ProxyHealth;
  /** Stops accepting, lets what is under way end for at most `graceMs`, and closes everything. */
  stop(graceMs: number): Promise<void>;
}

const EXPIRY_CHECK_MS = 250;
const DENIALS = { perSecond: 50, burst: 500 };
const MINTS = { perSecond: 10, burst: 100 };
const EARLIER_COUNTS_MS = 1_000;

/** Puts the Agent Proxy together and starts it. Until the policy is loaded, everything is refused. */
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
  const clients = createClients(limits);
  const leases = createLeaseTable({ clock, floors, endConnections: (lease) => clients.endOf(lease) });

  const spool = openSpool({ folder: options.spoolDir, maxBytes: options.spoolMaxBytes });
  const delivery = startEventDelivery({ spool, store: store.storeEvents, isUnfit: store.isUnfit, onError });
  const recorder = createRecorder({ spool, delivery, leases, onError });
  const refuser = createRefuser({ recorder, clock, denials: createRateLimit({ clock, ...DENIALS }), onError });

  const injector = createInjector({ keys, sealedOf: (connection) => policy.sealedOf(connection) });
  const dialer = createGuardedDialer({
    guard: createAddressGuard({ ceilings: operator.ceilings, own: options.own }),
    resolve: createBoundedResolve(options.resolve),
    staticNames: operator.staticNames,
    trust: createTrust(operator.caBundles),
    ...(options.onDial ? { onDial: options.onDial } : {}),
  });
  const pools = createUpstreamPools({ dialer });
  const blind = createBlindTunnels({ dialer, recorder, clock });
  const policy = startPolicyFeed({
    load: store.policy,
    loadSealed: store.credentials,
    clock,
    onChange: onPolicyChange,
    onError,
  });

  const admission = createAdmission({ leases, clients, isDraining: () => draining });
  const intercept = createIntercept({
    leaves,
    clients,
    front: () => front,
    mints: createRateLimit({ clock, ...MINTS }),
  });
  const judge = createJudge({ policy, injector });
  const sender = createSender({ admission, judge, pools, recorder, clock, bodySilenceMs: limits.bodySilenceMs });
  const front: HttpFront = createHttpFront({
    onRequest: createRequestHandler({ admission, clients, judge, sender, refuser, clock }),
    onConnect: createConnectHandler({ admission, clients, policy, intercept, blind, refuser, clock }),
    onBroken: createBrokenHandler({ clients, admission, refuser, clock }),
  });
  const listeners = createSandboxListeners({
    runDir: options.runDir,
    stateDir: path.join(stateDir, 'listeners'),
    warn,
    onConnection: (sandbox, socket) => {
      if (clients.admit(sandbox, socket)) front.serve(socket);
    },
  });

  /** What was allowed a moment ago may not be any more: new requests are judged anew, and what is under way here. */
  function onPolicyChange(): void {
    injector.clear();
    sender.recheck();
    blind.recheck((exchange, authority) => {
      if (!exchange.lease) return false;
      return judgeConnect(authority, policy.accessOf(exchange.lease.request.scope)).way === 'tunnel';
    });
  }

  function health(): ProxyHealth {
    return {
      policy: { version: policy.version, ageMs: policy.ageMs === null ? null : Math.round(policy.ageMs) },
      database: policy.databaseAway || delivery.failing ? 'away' : 'up',
      spoolBytes: spool.bytes(),
      sandboxes: listeners.list().length,
      leases: leases.openCount(),
    };
  }

  const expiry = setInterval(() => leases.expire(), EXPIRY_CHECK_MS);
  await policy.refresh();
  await listeners.restore();
  const control = await startControlServer({
    socketPath: options.controlSocket,
    leases,
    listeners,
    health,
    onError: (error) => onError(error, 'the control socket failed on a request'),
    earlierCounts: ({ session, epoch }) => countsWithin(store.counts(session, epoch.turn), EARLIER_COUNTS_MS),
  });

  return {
    refreshPolicy: () => policy.refresh(),
    health,
    async stop(graceMs) {
      draining = true;
      listeners.stop();
      front.closeIdle();
      await clients.idle(graceMs);
      clients.endAll();
      clearInterval(expiry);
      await clients.idle(1_000);
      await control.close();
      await policy.stop();
      await pools.destroy();
      await delivery.stop();
      spool.close();
      front.close();
    },
  };
}

/** A turn must not wait for its lease because an old count cannot be had. */
async function countsWithin(counts: Promise<EgressCounts>, ms: number): Promise<EgressCounts | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([counts.catch(() => undefined), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
