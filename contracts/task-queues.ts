/** Workflows, and the activities any worker may do. */
export const AGENT_QUEUE = 'bellhop-agent';

/** Activities that need Slack's token, by any gateway. */
export const SLACK_QUEUE = 'bellhop-slack';

/** Activities that need the Docker Engine of one runner. */
export function runnerQueue(runner: string): string {
  return `bellhop-runner-${runner}`;
}

/** `streamEgress` lives as long as a turn; on a queue of its own it never takes a tool's slot. */
export function egressQueue(runner: string): string {
  return `bellhop-egress-${runner}`;
}
