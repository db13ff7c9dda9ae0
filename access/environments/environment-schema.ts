import { z } from 'zod';
import type { Environment } from '../../contracts/environments.ts';
import { REGISTRY_NAMES } from '../../contracts/registries.ts';
import { entry } from '../parse-file/strict-entry.ts';
import { secretLike } from './secret-like.ts';

/** deb-control(5), and a version by `=`. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+)?$/;
/** The grammar of the distribution project: a registry, a name, a tag, a digest. Names that end in nothing mean `latest`. */
const IMAGE =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/**
 * Variables that decide which programs and libraries are run, where the way out is and what is trusted. A sandbox has its own, and
 * the relay in it would take some of them as well.
 */
const RESERVED =
  /^(?:LD_.*|GLIBC_TUNABLES|PATH|HOME|TMPDIR|SHELL|USER|LOGNAME|IFS|ENV|BASH_ENV|BASH_FUNC.*|PS4|PROMPT_COMMAND|.*_proxy|SSL_CERT_(?:FILE|DIR)|.*_CA_(?:BUNDLE|CERTS|FILE_PATH)|.*CAFILE|PIP_CERT|GIT_SSL_CAINFO|GIT_CONFIG.*|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|JAVA_TOOL_OPTIONS|BELLHOP_.*)$/i;

const variables = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).transform((given, context) => {
  const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
  for (const [name, value] of Object.entries(given)) {
    const secret = secretLike(name, String(value));
    if (!VARIABLE.test(name)) refuse(name, 'is no name of a variable: letters, digits and _');
    else if (RESERVED.test(name)) refuse(name, 'is set by the sandbox itself');
    else if (secret) refuse(name, `is no place for a secret, and ${secret}: secrets belong to connections`);
    else if (String(value).length > 4_096) refuse(name, 'is longer than 4,096 characters');
    else if (/[\0\n\r]/.test(String(value))) refuse(name, 'has more than one line');
  }
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
});

/** One entry of `environments` in the access file, as written. `toEnvironment` gives it its name. */
export const environmentSchema = entry({
  image: z
    .string()
    .max(400, 'is longer than 400 characters')
    .regex(IMAGE, 'is no name of an image, such as registry.example/team/tools:1.2')
    .optional(),
  packages: z
    .array(z.string().regex(PACKAGE, 'is no name of a Debian package'))
    .max(200, 'are more than 200')
    .default([]),
  setup: z.string().max(50_000, 'is longer than 50,000 characters').default(''),
  variables: variables.default({}),
  'memory-mb': z.int().min(256, 'must be at least 256').max(262_144, 'must be at most 262144').optional(),
  cpus: z.number().min(0.1, 'must be at least 0.1').max(256, 'must be at most 256').optional(),
  registries: z.array(z.enum(REGISTRY_NAMES, { error: `is none of ${REGISTRY_NAMES.join(', ')}` })).default([]),
});

export function toEnvironment(name: string, written: z.output<typeof environmentSchema>): Environment {
  const { packages, setup, cpus = null, registries } = written;
  return {
    name,
    ...(written.image !== undefined && { image: written.image }),
    packages: [...new Set(packages)].sort(),
    setup,
    variables: written.variables,
    memoryMb: written['memory-mb'] ?? null,
    cpus,
    // Packages come from Debian. Naming a package names this registry too.
    registries: [...new Set(packages.length > 0 ? [...registries, 'debian' as const] : registries)],
  };
}
