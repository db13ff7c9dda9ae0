import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EffectiveRule } from '../../access/decision.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import type { GuardedDialer } from '../dialer/guarded-dialer.ts';
import { type Exchange, eventOf } from '../events/exchange.ts';
import type { Recorder } from '../events/recorder.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';
import type { Authority } from '../request/authority.ts';
import { awaitClientHello, ClientGone } from './hello-reader.ts';
import type { Connecting } from './intercept.ts';

/** A CONNECT that a domain entry allows without interception (`transport: tunnel`). */
export interface BlindConnecting extends Connecting {
  readonly scope: ScopeKey;
  readonly rule: EffectiveRule;
  readonly reason: string;
}

export interface BlindTunnels {
  /** Resolves when the tunnel has ended. @throws Refusal when nothing was carried */
  carry(connecting: BlindConnecting): Promise<void>;
  /** Ends the tunnels that are no longer allowed. Call it at each change of the policy. */
  recheck(isAllowed: (exchange: Exchange, authority: Authority) => boolean): void;
}

export interface BlindTunnelsOptions {
  readonly dialer: GuardedDialer;
  readonly recorder: Recorder;
  readonly clock: MonotonicClock;
  /** @default ten minutes */
  readonly idleMs?: number;
}

/** A tunnel in which nothing moves for this long is closed. */
const IDLE_MS = 10 * 60_000;

/** Carries tunnels without looking inside. The proxy checks the TLS server name against CONNECT and counts bytes. */
export function createBlindTunnels(options: BlindTunnelsOptions): BlindTunnels {
  const { dialer, recorder, clock, idleMs = IDLE_MS } = options;
  const open = new Map<Exchange, { authority: Authority; end: () => void }>();

  return {
    async carry({ exchange, socket, head, authority, established, scope, rule, reason }) {
      exchange.transport = 'tunnel';
      exchange.rule = rule;
      const ending = { outcome: 'forwarded', code: 'domain_entry', reason, status: 200 } as const;
      recorder.begin(eventOf(exchange, ending, clock));
      // Registered before the connection stands, so that a change of the policy ends it from here on.
      open.set(exchange, { authority, end: () => socket.destroy() });
      let upstream: Socket | null = null;
      try {
        // The host is connected before the 200, so that a failure can still be an HTTP answer. No byte is sent yet.
        upstream = await dialer.connect({ ...authority, scope, exceptions: rule.match.addresses });
        upstream.on('error', () => {});
        const closed = closeOf(upstream);
        established();
        await Promise.race([awaitClientHello(socket, head, authority), closed.then(() => brokeOff(authority))]);
        await piped({ socket, upstream, closed, idleMs });
        exchange.bytesOut = upstream.bytesWritten;
        exchange.bytesIn = upstream.bytesRead;
        recorder.finish(eventOf(exchange, ending, clock), exchange.lease);
      } catch (error) {
        if (!(error instanceof ClientGone)) throw error;
        const reason = 'The client broke off before it began TLS.';
        const gone = { outcome: 'blocked', code: 'client_abort', reason, status: null } as const;
        recorder.finish(eventOf(exchange, gone, clock), exchange.lease);
      } finally {
        open.delete(exchange);
        upstream?.destroy();
      }
    },
    recheck(isAllowed) {
      for (const [exchange, { authority, end }] of open) if (!isAllowed(exchange, authority)) end();
    },
  };
}

function closeOf(upstream: Socket): Promise<void> {
  return new Promise((resolve) => upstream.once('close', () => resolve()));
}

function brokeOff({ host }: Authority): never {
  throw new Refusal('upstream_protocol', `${host} broke off before the client began TLS.`);
}

interface Pipe {
  readonly socket: Duplex;
  readonly upstream: Socket;
  /** Resolves when the host's side is closed. That may have happened already. */
  readonly closed: Promise<void>;
  readonly idleMs: number;
}

/** Carries bytes both ways until the host's side is closed. Each direction may end before the other. */
async function piped({ socket, upstream, closed, idleMs }: Pipe): Promise<void> {
  const end = () => upstream.destroy();
  upstream.setTimeout(idleMs, end);
  socket.once('error', end);
  socket.once('close', end);
  if (socket.destroyed) end();
  socket.pipe(upstream);
  upstream.pipe(socket);
  await closed;
  // The last bytes of the host may still be on their way to the sandbox.
  if (upstream.readableEnded && socket.writable) socket.end(() => socket.destroy());
  else socket.destroy();
}
