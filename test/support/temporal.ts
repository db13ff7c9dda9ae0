import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { NAMESPACE, SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';

/** A real development server of its own, with our search attributes; ready in a third of a second. */
export async function startTemporal(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const cli = process.env.BELLHOP_TEST_TEMPORAL_CLI;
  if (!cli) throw new Error('BELLHOP_TEST_TEMPORAL_CLI is not set: run tests by `npm test`, which finds the server');
  return TestWorkflowEnvironment.createLocal({
    client: {},
    server: {
      executable: { type: 'existing-path', path: cli },
      namespace: NAMESPACE,
      extraArgs: [
        ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
        ...DYNAMIC_CONFIG.flatMap((setting) => ['--dynamic-config-value', setting]),
      ],
    },
  });
}

/** What `up` gives the embedded server; see setup/temporal. */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  'system.enableCancelActivityWorkerCommand=true',
  'frontend.WorkerCommandsEnabled=true',
];

/** The bundle every test shares. Built by a process of its own: webpack does not run inside jest. */
export async function bundleWorkflows(): Promise<{ codePath: string }> {
  const script = path.join(import.meta.dirname, 'print-workflow-bundle.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  return { codePath: stdout.trim() };
}
