import { execFile } from 'node:child_process';
import path from 'node:path';
import type { Installation } from './installation.ts';

const MAIN = path.join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');

export interface FinishedCommand {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the `bellhop` command against an installation, as an operator would from another folder. */
export function bellhopCommand(
  installation: Pick<Installation, 'home' | 'temporal' | 'databaseUrl'>,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<FinishedCommand> {
  const env = {
    PATH: process.env.PATH,
    NO_COLOR: '1',
    BELLHOP_HOME: installation.home,
    BELLHOP_DATABASE_URL: installation.databaseUrl('admin'),
    TEMPORAL_ADDRESS: installation.temporal.address,
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env, cwd: installation.home }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
