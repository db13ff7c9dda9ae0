import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import type { PullView } from '../contract/page.ts';
import type { Services } from './configuration.ts';

const SEEN = z.object({
  seen: z.array(
    z.object({
      id: z.string(),
      at: z.string(),
      method: z.string(),
      host: z.string(),
      path: z.string(),
      credential: z.object({ shown: z.string(), fingerprint: z.string() }).nullable(),
      status: z.number(),
      caller: z.string().nullable(),
    }),
  ),
});
const TOKEN = z.object({ token: z.string() });
const PULLS = z.object({
  pulls: z.array(
    z.object({
      number: z.number(),
      title: z.string(),
      draft: z.boolean(),
      user: z.object({ login: z.string() }),
      head: z.object({ ref: z.string() }),
    }),
  ),
});
const HITS = z.object({ hits: z.record(z.string(), z.number()) });

export type Sighting = z.infer<typeof SEEN>['seen'][number];

export interface AcmeReport {
  readonly seen: readonly Sighting[];
  readonly hits: Readonly<Record<string, number>>;
}

export type AcmeAddress = NonNullable<Services['acme']>;

const TIMEOUT_MS = 1_500;

/** Asks the outside world what reached it. */
export async function askAcme(acme: AcmeAddress): Promise<AcmeReport> {
  const [seen, hits] = await Promise.all([call(acme, 'GET', '/_acme/seen'), call(acme, 'GET', '/_acme/hits')]);
  return { ...SEEN.parse(seen), ...HITS.parse(hits) };
}

/** Makes a token at Acme's forge for this login, as its page of access tokens would. It is told once. */
export async function makeAcmeToken(acme: AcmeAddress, login: string): Promise<string> {
  return TOKEN.parse(await call(acme, 'POST', '/_acme/tokens', { login })).token;
}

/** The pull requests of the demo's repository, as the forge has them; the newest first. */
export async function pullsAtAcme(acme: AcmeAddress): Promise<PullView[]> {
  const { pulls } = PULLS.parse(await call(acme, 'GET', '/_acme/pulls'));
  return pulls
    .map(({ number, title, draft, user, head }) => ({ number, title, draft, author: user.login, branch: head.ref }))
    .reverse();
}

async function call(acme: AcmeAddress, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const ca = await readFile(acme.ca);
  const headers = { authorization: `Bearer ${acme.token}` };
  return await new Promise((resolve, reject) => {
    const options = { method, ca, headers, timeout: TIMEOUT_MS };
    const request = httpsRequest(new URL(path, acme.url), options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject).on('end', () => {
        const status = response.statusCode ?? 0;
        if (status < 200 || status >= 300) return reject(new Error(`acme answered ${status}`));
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on('timeout', () => request.destroy(new Error('acme did not answer in time')));
    request.on('error', reject).end(body && JSON.stringify(body));
  });
}
