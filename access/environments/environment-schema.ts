import { z } from 'zod';
import type { Environment } from '../../contracts/environments.ts';
import { REGISTRY_NAMES } from '../../contracts/registries.ts';
import type { LineOf } from '../parse-file/convert.ts';
import { entry } from '../parse-file/strict-entry.ts';
import { IMAGE, RESERVED, VARIABLE } from './environment-names.ts';
import { secretLike } from './secret-like.ts';

/** deb-control(5), and a version by `=`. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+)?$/;
/** A path below the folder of the access file. */
const DOCKERFILE = /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\0\n\r]{1,300}$/;

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
  dockerfile: z
    .string()
    .regex(DOCKERFILE, 'is no path below the folder of this file, such as tools/Dockerfile')
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
}).refine(({ image, dockerfile }) => image === undefined || dockerfile === undefined, {
  path: ['dockerfile'],
  message: 'names its own image by FROM: leave `image` out',
});

/** An environment as it stands in the file: its Dockerfile is named and not read yet. */
export interface FileEnvironment extends Environment {
  readonly dockerfileAt?: { readonly path: string; readonly line: number };
}

/** The environment as its entry says. Packages and registries are listed once each; null means the usual limit of a sandbox. */
export function toEnvironment(
  name: string,
  written: z.output<typeof environmentSchema>,
  lineOf: LineOf = () => 0,
): FileEnvironment {
  const { packages, setup, cpus = null, registries, dockerfile } = written;
  return {
    name,
    ...(written.image !== undefined && { image: written.image }),
    ...(dockerfile !== undefined && { dockerfileAt: { path: dockerfile, line: lineOf('dockerfile') } }),
    packages: [...new Set(packages)].sort(),
    setup,
    variables: written.variables,
    memoryMb: written['memory-mb'] ?? null,
    cpus,
    // Packages come from Debian. Naming a package names this registry too.
    registries: [...new Set(packages.length > 0 ? [...registries, 'debian' as const] : registries)],
  };
}
