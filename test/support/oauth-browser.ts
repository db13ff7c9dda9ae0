import http from 'node:http';
import https from 'node:https';

/** Where a browser has been led, with what it was shown there. */
export interface Landing {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** A browser of one person, as far as an authorization server needs one: it keeps cookies and follows redirects. */
export interface OAuthBrowser {
  /** Follows a link until a page is shown. A server whose host the browser does not know ends it, with status 0. */
  open(url: string): Promise<Landing>;
  /** Sends a form. */
  send(url: string, form: Readonly<Record<string, string>>): Promise<Landing>;
}

const MOST_REDIRECTS = 15;

/**
 * @param who is logged in at the authorization server
 * @param hosts where the servers are: `login.a.test` → `http://127.0.0.1:4711`
 * @param ca PEM of the authority of those with TLS
 */
export function createOAuthBrowser(who: string, hosts: Readonly<Record<string, string>>, ca?: string): OAuthBrowser {
  const cookies = new Map<string, string>([['who', who]]);

  async function visit(start: string, body: string | null): Promise<Landing> {
    let [url, form] = [start, body];
    for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
      const at = new URL(url);
      const base = hosts[at.host];
      if (!base) return { url, status: 0, text: '' };
      const { status, text, location, setCookie } = await ask(new URL(at.pathname + at.search, base), at, form);
      for (const each of setCookie) {
        const [name = '', value = ''] = (each.split(';')[0] ?? '').split(/=(.*)/s);
        cookies.set(name, value);
      }
      if (status < 300 || status > 399 || !location) return { url, status, text };
      [url, form] = [new URL(location, url).href, null];
    }
    throw new Error(`the browser was led on and on, at last to ${url.split('?')[0]}`);
  }

  function ask(target: URL, seen: URL, form: string | null) {
    return new Promise<{ status: number; text: string; location: string | undefined; setCookie: readonly string[] }>(
      (resolve, reject) => {
        const { request: begin } = target.protocol === 'https:' ? https : http;
        const request = begin(target, {
          ...(ca === undefined ? {} : { ca, servername: seen.hostname }),
          method: form === null ? 'GET' : 'POST',
          headers: {
            host: seen.host,
            cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
            'x-forwarded-proto': seen.protocol.replace(':', ''),
            ...(form === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          },
        });
        request.on('error', reject);
        request.on('response', (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () =>
            resolve({
              ...{ status: response.statusCode ?? 0, text, location: response.headers.location },
              setCookie: response.headers['set-cookie'] ?? [],
            }),
          );
        });
        request.end(form ?? undefined);
      },
    );
  }

  return {
    open: (url) => visit(url, null),
    send: (url, form) => visit(url, new URLSearchParams(form).toString()),
  };
}
