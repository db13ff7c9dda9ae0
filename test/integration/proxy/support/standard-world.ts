import type { AddressException } from '../../../../access/document.ts';
import { type Origin, startOrigin } from './origin.ts';
import type { Answer } from './sandbox.ts';
import { createTestAuthority, type TestAuthority } from './test-authority.ts';
import {
  connection,
  domain,
  S1,
  S2,
  SCOPE_1,
  SCOPE_2,
  SECRET,
  startWorld,
  type World,
  type WorldOptions,
  type WorldPolicy,
} from './world.ts';

/** The set-up of the abuse cases: a connection, an intercepted entry, a tunnel, a plain host, a wildcard. */
export interface StandardWorld extends AsyncDisposable {
  readonly world: World;
  readonly origin: Origin;
  readonly authority: TestAuthority;
  readonly addresses: readonly AddressException[];
  readonly policy: WorldPolicy;
}

export const HOSTS = ['api.a.test', 'pypi.test', 'tunnel.test', 'own.test', 'strict.test', '*.w.test', 'a.b.w.test'];
const PLAIN_HOSTS = ['plain.test', 'x.w.test'];

export async function startStandardWorld(
  options: { overrides?: WorldOptions; onRequest?: Parameters<typeof startOrigin>[0]['onRequest'] } = {},
): Promise<StandardWorld> {
  const authority = await createTestAuthority();
  const origin = await startOrigin({
    authority,
    hosts: [...HOSTS, 'evil.test'],
    ...(options.onRequest ? { onRequest: options.onRequest } : {}),
  });
  const staticNames = new Map(
    [...HOSTS, ...PLAIN_HOSTS, 'evil.test'].map((host) => [host, { address: '127.0.0.1', port: origin.port }]),
  );
  const world = await startWorld({
    operator: {
      staticNames,
      ceilings: [{ range: '127.0.0.0/8', ports: [origin.port] }],
      caBundles: [authority.pem],
    },
    ...options.overrides,
  });
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  const policy: WorldPolicy = {
    connections: [connection('gh', 'api.a.test', { addresses })],
    attached: {
      [SCOPE_1]: {
        connections: ['gh'],
        domains: [
          domain('pypi.test', { addresses }),
          domain('tunnel.test', { addresses, transport: 'tunnel' }),
          domain('own.test', { addresses, ownCredentials: 'pass' }),
          domain('strict.test', { addresses, ownCredentials: 'block' }),
          domain('*.w.test', { addresses }),
          domain('plain.test', { addresses, port: 80, scheme: 'http' }),
        ],
      },
      [SCOPE_2]: { domains: [domain('api.a.test', { addresses })] },
    },
  };
  await world.apply(policy);
  await world.openLease(S1, SCOPE_1);
  await world.openLease(S2, SCOPE_2);
  return {
    world,
    origin,
    authority,
    addresses,
    policy,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** The ordinary request after every case. */
const ALIVE = '/alive';

/** Every form a secret may hide in. */
function renderings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(`user:${secret}`).toString('base64'),
  ];
}

export interface CaseExpectation {
  /** Events this case leaves; 1 by default. */
  readonly events?: number;
  /** Hosts that may have been sent the secret. */
  readonly injectedHosts?: readonly string[];
}

/** Runs one abuse case and checks what must hold after every one of them. */
export async function underInvariants<T>(
  { world, origin }: StandardWorld,
  act: () => Promise<T>,
  { events: expected = 1, injectedHosts = ['api.a.test'] }: CaseExpectation = {},
): Promise<T> {
  const known = new Set((await world.events(S1, 0)).map(({ id }) => id));
  const result = await act();

  // One event per request and per refused connect, none with a secret.
  const events = await world.events(S1, expected, ({ id, path }) => !known.has(id) && path !== ALIVE);
  const fresh = events.map(({ at, code, host, path }) => ({ at, code, host, path }));
  expect({ fresh, count: fresh.length }).toEqual({ fresh, count: expected });
  // The proxy lives, and its next ordinary request works.
  expect((await world.sandbox(S1).request(`https://pypi.test${ALIVE}`)).status).toBe(200);

  for (const form of renderings(SECRET)) {
    expect(world.sandbox(S1).received().includes(form)).toBe(false);
    expect(world.sandbox(S2).received().includes(form)).toBe(false);
    expect(JSON.stringify(events)).not.toContain(form);
    for (const host of ['pypi.test', 'tunnel.test', 'evil.test', 'own.test', 'strict.test', 'plain']) {
      if (!injectedHosts.includes(host)) expect(origin.received(host)).not.toContain(form);
    }
  }
  // No socket to an address that is not the origin's.
  expect(world.dialled.filter((each) => each !== `127.0.0.1:${origin.port}`)).toEqual([]);
  return result;
}

export function refusal(text: string): { status: number; code: string | null } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  try {
    return { status, code: (JSON.parse(body) as Answer & { error: { code: string } }).error.code };
  } catch {
    return { status, code: null };
  }
}
