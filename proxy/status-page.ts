import type { ServerResponse } from 'node:http';
import type { Lease } from './lease/lease-table.ts';
import type { Authority } from './request/authority.ts';

/** The proxy answers for this host itself. No such host exists anywhere else. */
const OWN_HOST = 'proxy.internal';

/** Whether the request is for the proxy's own page, so that nothing is dialled. */
export function isStatusPage({ host }: Authority): boolean {
  return host === OWN_HOST;
}

/**
 * Answers `http://proxy.internal/status` with the last denials of this turn. Most clients do not show the body of a
 * refused CONNECT, so the agent reads the reason here.
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
