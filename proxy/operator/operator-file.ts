import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Ceiling } from '../../access/ceilings.ts';
import { parseHostName } from '../../access/host-name.ts';
import { type FilePath, fieldOf, formatProblem } from '../../access/parse-file/problem.ts';
import { readYaml } from '../../access/parse-file/read-yaml.ts';
import { mirrorsSchema } from '../../access/registries/read-mirrors.ts';
import type { RegistryMirrors } from '../../contracts/registries.ts';
import type { StaticName } from '../dialer/guarded-dialer.ts';
import { readStaticName } from './static-name.ts';

/** What the operator of this machine allows. No administrator's rule can widen it. */
export interface OperatorFile {
  readonly staticNames: ReadonlyMap<string, StaticName>;
  readonly ceilings: readonly Ceiling[];
  /** PEM texts. */
  readonly caBundles: readonly string[];
  /** Where packages come from. Their special addresses are ceilings as well. */
  readonly mirrors?: RegistryMirrors;
}

export const NO_OPERATOR_FILE: OperatorFile = { staticNames: new Map(), ceilings: [], caBundles: [], mirrors: {} };

/** Mistakes in the operator's file, one a line: `file:line: field: what is wrong`. */
export class OperatorFileError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'OperatorFileError';
  }
}

const port = z.int('a port is a number').min(1, 'a port is at least 1').max(65_535, 'a port is at most 65535');
const schema = z.strictObject({
  hosts: z.record(z.string(), z.string('write an address, or address:port in quotes')).default({}),
  ceilings: z
    .array(
      z.strictObject({
        range: z.string().refine((text) => ipaddr.isValidCIDR(text), 'write a range as in 10.1.2.0/24'),
        ports: z.array(port).min(1, 'name at least one port'),
      }),
    )
    .default([]),
  'ca-bundles': z.array(z.string().min(1, 'name a file')).default([]),
  registries: mirrorsSchema.default({}),
});

/**
 * Reads `operator.yaml`, which has four optional keys:
 * - `hosts`: a host name, and the address or address:port that it is dialled at
 * - `ceilings`: private ranges and ports that rules may open
 * - `ca-bundles`: files with more authorities for upstream TLS, relative to `operator.yaml`
 * - `registries`: where the packages of a registry come from; see `mirrorsSchema`
 *
 * @example
 *   hosts:
 *     wiki.example.com: 10.1.2.3:8443
 *   ceilings:
 *     - range: 10.1.2.0/24
 *       ports: [8443]
 *   ca-bundles: [company-root.pem]
 *
 * @throws OperatorFileError
 */
export function readOperatorFile(file: string): OperatorFile {
  if (!existsSync(file)) throw new OperatorFileError([`${file}: there is no such file`]);
  const yaml = readYaml(readFileSync(file, 'utf8'));
  if ('problems' in yaml) throw new OperatorFileError(yaml.problems.map((problem) => formatProblem(file, problem)));

  const problems: string[] = [];
  const report = (at: FilePath, message: string, line = yaml.lineOf(at)) => {
    problems.push(formatProblem(file, { line, field: fieldOf(at), message }));
  };
  const parsed = schema.safeParse(yaml.content ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const at = issue.path.filter((part) => typeof part !== 'symbol');
      if (issue.code !== 'unrecognized_keys') report(at, issue.message);
      else
        for (const key of issue.keys)
          report([...at, key], 'is no key that is known here', yaml.lineOfKey([...at, key]));
    }
    throw new OperatorFileError(problems);
  }

  const staticNames = new Map<string, StaticName>();
  for (const [name, text] of Object.entries(parsed.data.hosts)) {
    const parsedName = parseHostName(name);
    const fixed = readStaticName(text);
    if ('refused' in parsedName) report(['hosts', name], parsedName.refused);
    else if (!fixed) report(['hosts', name], 'write an address, or address:port, as in 127.0.0.1:7443');
    else staticNames.set(parsedName.host, fixed);
  }
  const caBundles = parsed.data['ca-bundles'].map((name, index) => {
    const bundle = path.resolve(path.dirname(file), name);
    const text = existsSync(bundle) ? readFileSync(bundle, 'utf8') : '';
    if (!text.includes('-----BEGIN CERTIFICATE-----')) report(['ca-bundles', index], `${bundle} holds no certificate`);
    return text;
  });
  if (problems.length > 0) throw new OperatorFileError(problems);
  const mirrors = parsed.data.registries;
  return { staticNames, ceilings: [...parsed.data.ceilings, ...ceilingsOf(mirrors)], caBundles, mirrors };
}

/** The operator names a mirror and its addresses, so that rules for it may lead there: nothing has to be said twice. */
function ceilingsOf(mirrors: RegistryMirrors): Ceiling[] {
  return Object.values(mirrors).flatMap(({ addresses }) =>
    addresses.map(({ range, port: dialled }) => ({ range, ports: [dialled] })),
  );
}
