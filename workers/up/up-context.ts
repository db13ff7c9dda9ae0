import type { Home } from '../../setup/host/home.ts';
import type { PortChooser } from '../../setup/host/ports.ts';
import type { Settings } from '../../setup/settings.ts';
import type { Journal } from './journal.ts';
import type { PageServices } from './page-services.ts';
import type { Supervisor } from './supervisor.ts';

/** What every part of `up` works with. */
export interface UpContext {
  readonly home: Home;
  readonly settings: Settings;
  /** The environment of `up` itself. Children are given only what environments.ts names. */
  readonly environment: NodeJS.ProcessEnv;
  readonly ports: PortChooser;
  readonly supervisor: Supervisor;
  readonly journal: Journal;
  /** Tells the page where the other processes are. */
  readonly page: PageServices;
  /** Further settings of the embedded PostgreSQL, as `name=value`. */
  readonly postgresSettings: readonly string[];
  /** Aborts when `up` stops. After that nothing more is started, and downloads are given up. */
  readonly signal: AbortSignal;
  /** One line on the terminal. */
  readonly tell: (line: string) => void;
}
