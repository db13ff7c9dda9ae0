import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cookieValueOf, sameText } from './page-token.ts';

export interface GuardOptions {
  readonly token: string;
  /** Known only once the server listens on a free port. */
  readonly port: () => number;
}

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  // The printed address carries a token.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const COOKIE_DAYS = 30;

/**
 * Lets in only who came by the printed address, and only from the page itself:
 *
 * - `Host` must be ours, so that a name somebody else points at 127.0.0.1 gets nothing (DNS rebinding).
 * - A change must carry our own `Origin`. SameSite alone is not enough: to a browser every port of 127.0.0.1 is the
 *   same site.
 * - Reads by scripts must not come from another site or port (`Sec-Fetch-Site`, Fetch Metadata).
 * - Everything asks for the cookie, which only the printed address sets.
 */
export function addGuard(app: FastifyInstance, { token, port }: GuardOptions): void {
  const cookieValue = cookieValueOf(token);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const host = request.headers.host ?? '';
    if (!hosts.includes(host)) return refuse(reply, 421, 'This server answers only under its own address.');

    const reading = request.method === 'GET' || request.method === 'HEAD';
    const origin = request.headers.origin;
    if (origin !== undefined ? origin !== `http://${host}` : !reading) {
      return refuse(reply, 403, 'Only the page itself may ask for this.');
    }
    if (!fetchedByPage(request)) return refuse(reply, 403, 'Only the page itself may ask for this.');

    const given = (request.query as { token?: unknown }).token;
    if (reading && request.url.startsWith('/?') && typeof given === 'string') {
      if (!sameText(given, token)) return refuse(reply, 403, 'This is not the address of the running page.');
      const name = cookieName(port());
      reply.header(
        'set-cookie',
        `${name}=${cookieValue}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${COOKIE_DAYS * 86_400}`,
      );
      return reply.redirect('/', 303);
    }
    if (!sameText(cookieOf(request, cookieName(port())), cookieValue)) {
      return refuse(reply, 403, 'Open this page by the address that `npm start` printed.');
    }
  });
}

/** A cookie is shared by all ports of a host: the name keeps two installations apart. */
function cookieName(port: number): string {
  return `bellhop_page_${port}`;
}

function fetchedByPage(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  // To follow a link to the page changes nothing. Every other request from another site might.
  return request.headers['sec-fetch-mode'] === 'navigate' && request.url.split('?', 1)[0] === '/';
}

function cookieOf(request: FastifyRequest, name: string): string {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name) return value ?? '';
  }
  return '';
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
}
