import type { ServerResponse } from 'node:http';
import type { Lease } from './lease/lease-table.ts';
import type { Authority } from './request/authority.ts';

/** A host of the proxy's own that exists nowhere else. */
const OWN_HOST = 'proxy.internal';

/** Nothing is dialled for this host: the proxy answers itself. */
export function isStatusPage({ host }: Authority): boolean {
  return host === OWN_HOST;
}

/**
 * `http://proxy.internal/status`: the last denials of this turn. Most clients do not show the body of a refused
 * CONNECT; here the agent can read why.
 */
export function sendStatusPage(response: ServerResponse, lease: Lease): void {
  const path = (response.req.url ?? '').replace(/^https?:\/\/[^/]*/i, '');
  const found = response.req.method === 'GET' && path === '/status';
  const denials = lease.denials.map(({ at, method, scheme, host, port, path, code, reason, rule, connection }) => {
    return { at, method, scheme, host, port, path, code, reason, rule, connection };
  });
  const body = found
    ? { turn: lease.request.epoch.turn, denials }
    : { error: { code: 'not_found', message: 'GET /status' } };
  response.writeHead(found ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
