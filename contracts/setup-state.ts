/**
 * What `up` tells the page and `doctor` about itself: the file `${BELLHOP_HOME}/setup.json`, replaced atomically at
 * every change, and the answer of `GET /state` on its control socket. Nothing in it is secret.
 */

export type SetupStepState = 'pending' | 'running' | 'done' | 'failed';

export interface SetupStep {
  readonly id: string;
  /** What a newcomer reads, such as "Start PostgreSQL". */
  readonly title: string;
  readonly state: SetupStepState;
  /** How it went or what it is doing now, in one sentence. */
  readonly detail?: string;
  /** What else there is to know, longer than a line has room for. */
  readonly more?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** How long it took, or has taken so far. */
  readonly ms?: number;
}

export type SupervisedState = 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped' | 'failed';

export interface SupervisedProcess {
  /** `agent`, `gateway`, `proxy`, …: the name that `POST /processes/<name>/kill` takes. */
  readonly name: string;
  readonly pid: number | null;
  readonly state: SupervisedState;
  readonly restarts: number;
  /** When it entered this state, ISO 8601. */
  readonly since: string;
}

/** The larger sandbox image, which is made after the set-up while people already work on the small one. */
export interface ToolsState {
  /** `left-out`: nobody wishes for it (`BELLHOP_SANDBOX_TOOLS=base`). */
  readonly state: 'waiting' | 'building' | 'ready' | 'failed' | 'left-out';
  /** What is being done, or the last lines of the build that failed. */
  readonly detail: string;
  /** ISO 8601: since when it is so. */
  readonly since: string;
  /** ISO 8601: when a build that failed is tried again. */
  readonly again?: string;
}

export interface SetupState {
  readonly installation: string;
  /** The pid of `up`. */
  readonly pid: number;
  readonly startedAt: string;
  /** Path of the unix socket on which `up` takes `POST /processes/<name>/kill` and `GET /state`. */
  readonly control: string;
  /** Addresses to open in a browser, known as soon as they are chosen; without tokens. */
  readonly addresses: {
    readonly page?: string;
    readonly temporalUi?: string;
    /** `host:port` of the Temporal server, for the command line. */
    readonly temporal?: string;
  };
  /** Which parts of the outside world are simulated in this run. */
  readonly simulated: { readonly slack: boolean; readonly model: boolean };
  readonly steps: readonly SetupStep[];
  /** No step: the set-up is done without it. */
  readonly tools: ToolsState;
  readonly processes: readonly SupervisedProcess[];
}
