import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
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
const HITS = z.object({ hits: z.record(z.string(), z.number()) });

export type Sighting = z.infer<typeof SEEN>['seen'][number];

export interface AcmeReport {
  readonly seen: readonly Sighting[];
  readonly hits: Readonly<Record<string, number>>;
}

const TIMEOUT_MS = 1_500;

/** Asks the outside world what reached it. */
export async function askAcme(acme: NonNullable<Services['acme']>): Promise<AcmeReport> {
  const ca = await readFile(acme.ca);
  const [seen, hits] = await Promise.all([get(acme, ca, '/_acme/seen'), get(acme, ca, '/_acme/hits')]);
  return { ...SEEN.parse(seen), ...HITS.parse(hits) };
}

function get(acme: NonNullable<Services['acme']>, ca: Buffer, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      new URL(path, acme.url),
      { ca, headers: { authorization: `Bearer ${acme.token}` }, timeout: TIMEOUT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject).on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`acme answered ${response.statusCode}`));
          try {
            resolve(JSON.parse(text));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('acme did not answer in time')));
    request.on('error', reject).end();
  });
}
