/** Registered as Keyword in the `bellhop` namespace. An unregistered one makes every start fail, so `up` checks. */
export const SEARCH_ATTRIBUTES = [
  'BellhopTeam',
  'BellhopChannel',
  'BellhopScope',
  'BellhopRequester',
  'BellhopState',
  'BellhopRunner',
] as const;

export type SearchAttribute = (typeof SEARCH_ATTRIBUTES)[number];

/** What a session is doing, as Temporal UI and `bellhop status` show it. */
export type SessionState = 'working' | 'idle' | 'paused' | 'closed';

export const NAMESPACE = 'bellhop';
