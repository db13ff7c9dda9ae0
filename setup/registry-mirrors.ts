import { readFile } from 'node:fs/promises';
import { readYaml } from '../access/parse-file/read-yaml.ts';
import { mirrorProblem, mirrorsSchema } from '../access/registries/read-mirrors.ts';
import type { RegistryMirrors } from '../contracts/registries.ts';
import { readHostRegistries } from '../docker/host-registries.ts';
import { SetupError } from './errors.ts';

/**
 * Where packages come from on the operator's machine: `registries` of the operator's file, and for registries that it does not
 * name, what this machine's own clients are told to use.
 *
 * A mirror of the clients' own opens no private address: that takes the operator's file, which names the addresses.
 *
 * @param env `BELLHOP_OPERATOR_FILE` names the operator's file. One that cannot be read counts as empty: the proxy, whose file it is,
 *   says what is wrong with it
 */
export async function registryMirrors(env: NodeJS.ProcessEnv): Promise<RegistryMirrors> {
  // Its parent has asked already.
  if (env.BELLHOP_REGISTRY_MIRRORS) return mirrorsIn(env.BELLHOP_REGISTRY_MIRRORS);
  const [own, clients] = await Promise.all([operatorMirrors(env.BELLHOP_OPERATOR_FILE), readHostRegistries(env)]);
  const usable = Object.entries(clients).filter(([, { url }]) => url !== null && mirrorProblem(url) === null);
  return { ...Object.fromEntries(usable), ...own };
}

async function operatorMirrors(file: string | undefined): Promise<RegistryMirrors> {
  const text = file ? await readFile(file, 'utf8').catch(() => '') : '';
  const yaml = readYaml(text);
  if ('problems' in yaml) return {};
  const parsed = mirrorsSchema.safeParse((yaml.content as { registries?: unknown } | null)?.registries ?? {});
  return parsed.success ? parsed.data : {};
}

function mirrorsIn(json: string): RegistryMirrors {
  try {
    return JSON.parse(json) as RegistryMirrors;
  } catch {
    throw new SetupError('bad-setting', 'BELLHOP_REGISTRY_MIRRORS is no JSON');
  }
}
