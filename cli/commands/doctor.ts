import type { Command } from 'commander';
import { columns } from '../../access/columns.ts';
import { type AccessDocument, EMPTY_DOCUMENT } from '../../access/document.ts';
import { describeModels } from '../../access/models/describe-models.ts';
import { endpointsOf } from '../../setup/doctor/endpoints.ts';
import { fetchingEndpoints } from '../../setup/doctor/fetching.ts';
import type { Finding } from '../../setup/doctor/finding.ts';
import { runDoctor } from '../../setup/doctor/run-doctor.ts';
import { homeFolder, openHome } from '../../setup/host/home.ts';
import { readSettings } from '../../setup/settings.ts';
import { namesExternalTemporal } from '../../setup/temporal/external.ts';
import { currentPolicy } from '../../store/policy.ts';
import { temporalTarget } from '../../workers/temporal-connection.ts';
import { openCliContext } from '../context.ts';
import { findingsText } from '../findings-text.ts';

interface DoctorOptions {
  readonly network?: boolean;
  readonly json?: boolean;
}

/** `bellhop doctor`: says what this machine lacks. Exit code 1 when something is missing. */
export function register(program: Command): void {
  program
    .command('doctor')
    .description('what this machine has and lacks, with the fix; starts nothing')
    .option('--network', 'the addresses a network team opens, from this configuration')
    .option('--json', 'print it as JSON')
    .action(async (options: DoctorOptions) => {
      if (options.network) await printEndpoints(options);
      else await printFindings(options);
    });
}

async function printFindings({ json }: DoctorOptions): Promise<void> {
  const home = await openHome(homeFolder(process.env));
  const findings = await runDoctor({ home, settings: readSettings(process.env), environment: process.env });
  findings.push(...modelFindings(await knownAccess()));
  console.log(json ? JSON.stringify(findings, null, 2) : findingsText(findings));
  if (findings.some(({ state }) => state === 'missing')) process.exitCode = 1;
}

/** The models of the access file, which the agent worker asks. A key is opened nowhere else, so none is tried here. */
function modelFindings(access: AccessDocument): Finding[] {
  return describeModels(access).map(({ name, what, where }) => ({
    id: 'model',
    title: `Model ${name}`,
    state: 'ok',
    detail: `${what}; ${where || 'used nowhere'}`,
  }));
}

async function printEndpoints({ json }: DoctorOptions): Promise<void> {
  const environment = process.env;
  const external = namesExternalTemporal(environment);
  const endpoints = endpointsOf({
    settings: readSettings(environment),
    temporal: external ? temporalTarget(environment).address : undefined,
    wayOut: environment.HTTPS_PROXY || environment.https_proxy || undefined,
    dockerHost: environment.DOCKER_HOST,
    access: await knownAccess(() =>
      console.error(
        'The access file in force is not known (the database does not answer): its hosts are not listed.\n',
      ),
    ),
    fetching: await fetchingEndpoints(environment, !external),
  });
  if (json) return console.log(JSON.stringify(endpoints, null, 2));
  console.log('Outgoing connections; nothing comes in. All of them are TLS where the port is 443.\n');
  console.log(
    columns(
      endpoints.map(({ to, from, purpose }) => [to, from, purpose]),
      '  ',
    ),
  );
}

/** An installation that was never started has no policy yet, so it allows nothing. */
async function knownAccess(otherwise = () => {}): Promise<AccessDocument> {
  try {
    await using context = await openCliContext();
    return await currentPolicy(context.database);
  } catch {
    otherwise();
    return EMPTY_DOCUMENT;
  }
}
