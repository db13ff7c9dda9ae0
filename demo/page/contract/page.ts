/** Requests and pushes between the page's server and its web app that are about neither Slack nor one thread. */
import type { SetupState } from '../../../contracts/setup-state.ts';
import type { SlackChange, SlackWorkspace } from './slack.ts';
import type { ThreadView } from './thread.ts';

/** A script of the demo model, offered as a button. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** One line on what to watch for. */
  readonly note: string;
  /** Name of the channel it belongs to, without `#`, or {@link DIRECT}. */
  readonly channel: string;
  /** What is posted, the mention included where one is needed. */
  readonly text: string;
  /** The id of another scenario: it is posted in the thread which that one began, by somebody else. */
  readonly inThreadOf?: string;
}

/** In place of a channel's name: the one-to-one message of the person who asks. */
export const DIRECT = 'direct message';

/** A pull request at the demo's forge. */
export interface PullView {
  readonly number: number;
  readonly title: string;
  readonly draft: boolean;
  /** The login whose credential opened it. */
  readonly author: string;
  readonly branch: string;
}

export interface PageInfo {
  readonly scenarios: readonly Scenario[];
  /** The second part of the tour: in whose name the agent acts. */
  readonly names: readonly Scenario[];
  /** Start of Temporal UI's address of a workflow; the session id follows. Null while there is no UI. */
  readonly workflowUrl: string | null;
  /** Path of the access file, for the hint that tells to edit it. */
  readonly accessFile: string;
}

/** Server-sent events of `GET /api/live`, by name. */
export interface LiveEvents {
  readonly setup: SetupState;
  readonly info: PageInfo;
  /** The whole workspace, after each connection to the simulator. Null while the simulator does not answer. */
  readonly workspace: SlackWorkspace | null;
  readonly slack: SlackChange;
  /** The thread asked for by `?session=`; null while the database does not answer. */
  readonly thread: ThreadView | null;
}

export type LiveEventName = keyof LiveEvents;
