import type { Home } from '../../setup/host/home.ts';
import type { Settings } from '../../setup/settings.ts';
import type { Journal } from './journal.ts';
import type { PageServices } from './page-services.ts';
import type { Supervisor } from './supervisor.ts';

/** What every part of `up` works with. */
export interface UpContext {
  readonly home: Home;
  readonly settings: Settings;
  /** What `up` itself was started with; children are given what environments.ts says and no more. */
  readonly environment: NodeJS.ProcessEnv;
  readonly supervisor: Supervisor;
  readonly journal: Journal;
  /** What the page is told of the others. */
  readonly page: PageServices;
  /** Further settings of the embedded PostgreSQL, as `name=value`. */
  readonly postgresSettings: readonly string[];
  /** Aborted when `up` stops: what has not been started then is not started any more, and what is being fetched is given up. */
  readonly signal: AbortSignal;
  /** One line for whoever watches the terminal. */
  readonly tell: (line: string) => void;
}
