import path from 'node:path';
import type { EgressCounts } from '../contracts/egress.ts';
import type { ChangeLog } from '../contracts/state-changes.ts';
import { within } from '../contracts/within.ts';
import { writeCaBundle } from './ca-bundle.ts';
import { startControlServer } from './control/control-server.ts';
import type { ProxyHealth } from './control/protocol.ts';
import { createCommitAuthors } from './credentials/commit-authors.ts';
import { createPersonAuthor } from './credentials/person-author.ts';
import { createAwakeClock } from './lease/awake-clock.ts';
import { createEpochFloors } from './lease/epoch-floors.ts';
import { createLeaseTable, type MonotonicClock } from './lease/lease-table.ts';
import { CLIENT_LIMITS, type ClientLimits, createClients } from './listener/clients.ts';
import { createDiscovery } from './mcp/discovery-door.ts';
import { createServerDoor } from './mcp/server-door.ts';
import { startPeopleWork } from './personal/people-work.ts';
import { createPersonalFeed } from './policy/personal-feed.ts';
import { startPolicyFeed } from './policy/policy-feed.ts';
import type { ProxyStore } from './proxy-store.ts';
import { openRecording, type RecordingSettings } from './recording.ts';
import { createRequestPath } from './request-path.ts';
import { openCertificateAuthority } from './tls/certificate-authority.ts';
import { createLeafCertificates } from './tls/leaf-certificates.ts';
import { createWayOut, type WayOutSettings } from './way-out.ts';

export interface ProxyOptions extends RecordingSettings, WayOutSettings {
  readonly store: ProxyStore;
  readonly controlSocket: string;
  readonly runDir: string;
  /** `<home>/proxy`. Holds the certificate authority, the epoch floors, and which user each socket belongs to. */
  readonly stateDir: string;
  /** Where the sandboxes' CA bundle is written. Null writes none. */
  readonly bundleFile: string | null;
  readonly clock: MonotonicClock;
  readonly onError: (error: unknown, what: string) => void;
  readonly limits?: ClientLimits;
  /** Gets a line for each lease that opens or ends. */
  readonly log?: ChangeLog;
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

const EXPIRY_CHECK_MS = 250;
/** 100 certificates that are only made to tell a refusal take about 2 MB. */
const REFUSAL_LEAVES = { max: 100 };
const EARLIER_COUNTS_MS = 1_000;

/**
 * Puts the Agent Proxy together and starts it. It refuses everything until the policy is loaded.
 *
 * 1. Who may use the network: a connection of a sandbox (`clients`) whose turn has a lease (`leases`).
 * 2. What is written down of it (`recording.ts`).
 * 3. What may be reached: the policy, and what people have connected.
 * 4. The way out: checked addresses and credentials (`way-out.ts`).
 * 5. The path of one request from 1. to 4. (`request-path.ts`). docs/proxy-security.md tells each step.
 * 6. What the runner and the operator ask over the control socket.
 */
export async function startProxy(options: ProxyOptions): Promise<AgentProxy> {
  const { store, keys, operator, clock, onError, stateDir } = options;
  let draining = false;

  const authority = await openCertificateAuthority(path.join(stateDir, 'ca'), new Date());
  if (options.bundleFile) {
    writeCaBundle({ file: options.bundleFile, own: authority.bundle, added: operator.caBundles });
  }
  const leaves = await createLeafCertificates(authority);
  const refusalLeaves = await createLeafCertificates(authority, REFUSAL_LEAVES);
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

  const recording = openRecording({ ...options, leases });

  const policy = startPolicyFeed({
    revision: store.policyRevision,
    load: store.policy,
    loadSealed: store.credentials,
    clock,
    onChange: () => {
      wayOut.retain(policy.connections);
      requests.followPolicy();
    },
    onError,
  });
  const personal = createPersonalFeed({
    held: store.held,
    allowed: store.allowed,
    isOffered: () => (policy.document?.people?.offers.length ?? 0) > 0,
    mayBeAllowed: () => policy.document?.people?.inChannels === 'ask',
    onError,
  });

  const wayOut = createWayOut({ ...options, policy });
  const { dialer, injector, clientSecrets } = wayOut;

  const requests = createRequestPath({
    ...{ clients, leases, policy, personal, recording, wayOut, leaves, refusalLeaves, store, clock, limits, stateDir },
    runDir: options.runDir,
    isDraining: () => draining,
    onError,
  });
  const { front, listeners, sender, tests } = requests;

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

  function health(): ProxyHealth {
    return {
      policy: { version: policy.version, ageMs: policy.ageMs === null ? null : Math.round(policy.ageMs) },
      database: policy.databaseAway || recording.isFailing() ? 'away' : 'up',
      spoolBytes: recording.spoolBytes(),
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
      requests.stop();
      await clients.idle(1_000);
      await served;
      await wayOut.idle();
      await control.close();
      await policy.stop();
      await wayOut.destroy();
      await recording.close();
      front.close();
    },
  };
}

/** Gives up on the earlier counts after `ms`, so that a slow database does not keep a turn from its lease. */
async function countsWithin(counts: Promise<EgressCounts>, ms: number): Promise<EgressCounts | undefined> {
  return (await within(ms, counts).catch(() => null))?.value;
}
