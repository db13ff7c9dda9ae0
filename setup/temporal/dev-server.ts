import path from 'node:path';
import { NAMESPACE, SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';

export interface DevServerOptions {
  /** Folder of the SQLite file. */
  readonly folder: string;
  readonly port: number;
  readonly uiPort: number;
}

/**
 * The development server's one history shard polls 20 times a second by default, which adds some 40 ms to each
 * activity. The second pair lets the server push a cancel to the worker instead of waiting for its next heartbeat.
 */
const PACE = [
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  'system.enableCancelActivityWorkerCommand=true',
  'frontend.WorkerCommandsEnabled=true',
] as const;

/** Otherwise the server may tell its maker its version and kind of database, and ask for news (`common/versioninfo`). */
const QUIET = ['frontend.enableServerVersionCheck=false'] as const;

/**
 * A write-ahead log takes one flush for each commit where the CLI's own choice, a rollback journal, takes three: an
 * activity costs a third of the time. What was acknowledged stays as safe, since every commit is flushed as before.
 */
const SQLITE = ['journal_mode=WAL', 'synchronous=FULL'] as const;

/** Arguments of the Temporal CLI for a server that keeps its state in one SQLite file and listens on this machine only. */
export function devServerArguments({ folder, port, uiPort }: DevServerOptions): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', path.join(folder, 'temporal.sqlite')],
    ...['--namespace', NAMESPACE],
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...SQLITE.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...[...PACE, ...QUIET].flatMap((setting) => ['--dynamic-config-value', setting]),
    ...['--log-level', 'warn'],
  ];
}
