import path from 'node:path';
import { createForgeGate } from './git/forge-gate.ts';
import type { LeaseTable, MonotonicClock } from './lease/lease-table.ts';
import type { ClientLimits, Clients } from './listener/clients.ts';
import { createDirectConnections } from './listener/direct-connections.ts';
import { createBrokenHandler } from './listener/handle-broken.ts';
import { createHttpFront, type HttpFront } from './listener/http-front.ts';
import { createRateLimit } from './listener/rate-limit.ts';
import { createSandboxListeners, type SandboxListeners } from './listener/sandbox-listeners.ts';
import { createOverlapTimer } from './policy/overlap-timer.ts';
import type { PersonalFeed } from './policy/personal-feed.ts';
import type { PolicyFeed } from './policy/policy-feed.ts';
import type { ProxyStore } from './proxy-store.ts';
import type { Recording } from './recording.ts';
import { createAdmission } from './request/admission.ts';
import { createAnswerMasks } from './request/answer-mask.ts';
import { createBodyBudget } from './request/body-budget.ts';
import { type ConnectionTests, createConnectionTests } from './request/connection-tests.ts';
import { createRequestHandler } from './request/handle-request.ts';
import { createJudge } from './request/judge-request.ts';
import { createSender, type Sender } from './request/send-request.ts';
import { createTokenAnswers } from './request/token-answers.ts';
import type { LeafCertificates } from './tls/leaf-certificates.ts';
import { createBlindTunnels } from './tunnel/blind-tunnels.ts';
import { createDirectTlsHandler } from './tunnel/direct-tls.ts';
import { createConnectHandler } from './tunnel/handle-connect.ts';
import { createIntercept } from './tunnel/intercept.ts';
import { judgeConnect } from './tunnel/judge-connect.ts';
import { createOpenTunnel } from './tunnel/open-tunnel.ts';
import { createTellRefusal } from './tunnel/tell-refusal.ts';
import type { WayOut } from './way-out.ts';

export interface RequestPathOptions {
  readonly clients: Clients;
  readonly leases: Pick<LeaseTable, 'current'>;
  readonly policy: PolicyFeed;
  readonly personal: PersonalFeed;
  readonly recording: Pick<Recording, 'recorder' | 'refuser'>;
  readonly wayOut: Pick<WayOut, 'dialer' | 'pools' | 'injector'>;
  /** For hosts whose requests are read. */
  readonly leaves: LeafCertificates;
  /** For connections that only are told why they are refused. */
  readonly refusalLeaves: LeafCertificates;
  readonly store: Pick<ProxyStore, 'held' | 'noteTokenAnswer'>;
  readonly clock: MonotonicClock;
  readonly limits: ClientLimits;
  readonly runDir: string;
  readonly stateDir: string;
  readonly isDraining: () => boolean;
  readonly onError: (error: unknown, what: string) => void;
}

export interface RequestPath {
  readonly listeners: SandboxListeners;
  readonly front: HttpFront;
  readonly sender: Sender;
  /** Requests of people and of the operator, on the same path. */
  readonly tests: ConnectionTests;
  /** New requests are judged by the new policy. This ends open requests and tunnels that it no longer allows. */
  followPolicy(): void;
  /** Ends its timers. */
  stop(): void;
}

const MINTS = { perSecond: 10, burst: 100 };
/** Certificates that are only made to tell a refusal. */
const REFUSAL_MINTS = { perSecond: 2, burst: 20 };

/**
 * The path of one request, from a sandbox's socket to the origin. Read it from the bottom: `listeners` accept a connection, `front` parses
 * HTTP, `open` answers CONNECT, `judge` decides, `sender` attaches a credential, records and sends.
 */
export function createRequestPath(options: RequestPathOptions): RequestPath {
  const { clients, leases, policy, personal, leaves, refusalLeaves, clock, limits, onError, isDraining } = options;
  const { recorder, refuser } = options.recording;
  const { dialer, pools, injector } = options.wayOut;

  const tests = createConnectionTests({
    ...{ clients, onError },
    front: () => front,
    document: () => policy.document,
    held: options.store.held,
  });
  // Who may use the network now: a sandbox with a lease, or a test.
  const admission = createAdmission({
    leases: { current: (sandbox) => tests.current(sandbox) ?? leases.current(sandbox) },
    clients,
    isDraining,
  });

  // What may leave, and how.
  const bodies = createBodyBudget();
  const masks = createAnswerMasks();
  const judge = createJudge({ policy, personal, injector, forgeGate: createForgeGate() });
  const sender = createSender({
    ...{ admission, judge, personal, pools, recorder, clock, bodies, masks },
    bodySilenceMs: limits.bodySilenceMs,
    onAnswer: createTokenAnswers({ note: options.store.noteTokenAnswer, onError }),
  });
  const overlaps = createOverlapTimer(() => sender.recheck());

  // CONNECT: a tunnel whose TLS is taken off, or one whose bytes are carried blindly.
  const blind = createBlindTunnels({ dialer, recorder, clock });
  const intercept = createIntercept({
    ...{ leaves, clients },
    front: () => front,
    mints: createRateLimit({ clock, ...MINTS }),
  });
  const open = createOpenTunnel({ admission, clients, policy, personal, intercept, blind });

  const front: HttpFront = createHttpFront({
    onRequest: createRequestHandler({
      ...{ admission, clients, judge, sender, refuser, clock, bodies },
      bodySilenceMs: limits.bodySilenceMs,
    }),
    onConnect: createConnectHandler({ admission, clients, open, refuser, clock }),
    onBroken: createBrokenHandler({ clients, admission, refuser, clock }),
    answered: (socket) => clients.answered(clients.of(socket)),
    idleMs: limits.idleMs,
  });

  // Clients that know of no proxy: their TLS names the host instead of a CONNECT.
  const directTls = createDirectTlsHandler({
    ...{ admission, clients, open, refuser, clock },
    tell: createTellRefusal({ leaves: refusalLeaves, mints: createRateLimit({ clock, ...REFUSAL_MINTS }) }),
  });
  const listeners = createSandboxListeners({
    runDir: options.runDir,
    stateDir: path.join(options.stateDir, 'listeners'),
    warn: (message) => onError(null, message),
    onConnection: (sandbox, socket) => {
      if (clients.admit(sandbox, socket)) front.serve(socket);
    },
    onDirectConnection: createDirectConnections({ clients, front, onTls: directTls }),
  });

  return {
    ...{ listeners, front, sender, tests },
    followPolicy() {
      masks.clear();
      overlaps.set(policy.connections);
      sender.recheck();
      blind.recheck((exchange, authority) => {
        if (!exchange.lease) return false;
        const { scope, principal } = exchange.lease.request;
        return judgeConnect(authority, policy.accessTo(authority.host, scope, [], principal)).way === 'tunnel';
      });
    },
    stop: () => overlaps.clear(),
  };
}
