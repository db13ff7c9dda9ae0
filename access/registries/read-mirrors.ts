import { z } from 'zod';
import { REGISTRY_NAMES, type RegistryMirror, type RegistryMirrors } from '../../contracts/registries.ts';
import { parseHostName } from '../host-name.ts';
import { addresses } from '../parse-file/leaf-schemas.ts';
import { isAmbiguous } from '../path-match.ts';

/** The part of a base URL that is wrong, or null. A password in it would be read by every sandbox. */
export function mirrorProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'write a base URL, as in https://packages.corp.example/npm/';
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return 'a mirror speaks https, or http';
  if (username !== '' || password !== '') {
    return 'sandboxes read this URL: give a registry that asks for a password a connection in bellhop.yaml';
  }
  if (search !== '' || hash !== '') return 'a base URL has neither ? nor #';
  if (isAmbiguous(pathname)) return 'its path is read in different ways by different servers';
  const host = parseHostName(hostname);
  return 'refused' in host ? host.refused : null;
}

const base = z.string().superRefine((text, context) => {
  const problem = mirrorProblem(text);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});
/** A text alone is the base URL. */
const entry = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z
    .strictObject({ url: base.optional(), also: z.array(base).default([]), addresses: addresses.default([]) })
    .transform(({ url, also, addresses: at }): RegistryMirror => ({ url: url ?? null, also, addresses: at })),
);

/**
 * Checks the key `registries` of `operator.yaml`: the name of a registry, and its base URL or
 *
 * - `url`: the base URL that clients are given. Without it, the public hosts
 * - `also`: base URLs of further hosts to which the index refers
 * - `addresses`: special addresses of all these hosts, as in `10.1.2.0/24:443`
 */
export const mirrorsSchema = z
  .partialRecord(z.enum(REGISTRY_NAMES, { error: `one of ${REGISTRY_NAMES.join(', ')}` }), entry)
  .transform((mirrors): RegistryMirrors => mirrors);
