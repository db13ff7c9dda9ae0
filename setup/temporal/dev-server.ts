import path from 'node:path';
import { NAMESPACE, SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';

export interface DevServerOptions {
  /** Folder of the SQLite file. */
  readonly folder: string;
  readonly port: number;
  readonly uiPort: number;
}

/**
 * By default the development server's only history shard polls 20 times a second, which adds some 40 ms to each activity. The first
 * two settings raise that. With the last two, the server pushes a cancellation to the worker instead of waiting for its next heartbeat.
 */
const PACE = [
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  'system.enableCancelActivityWorkerCommand=true',
  'frontend.WorkerCommandsEnabled=true',
] as const;

/** Without it the server may tell its maker its version and kind of database, and ask for a newer one (`common/versioninfo`). */
const QUIET = ['frontend.enableServerVersionCheck=false'] as const;

/**
 * A write-ahead log needs one flush for each commit. The CLI's own choice, a rollback journal, needs three, so an activity takes a
 * third of the time with this. Acknowledged data is as safe as before, since every commit is still flushed.
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
