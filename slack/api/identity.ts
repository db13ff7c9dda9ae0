import type { WebClient } from '@slack/web-api';

/** The app's identity in the one workspace that this installation serves. */
export interface SlackIdentity {
  readonly team: string;
  readonly teamName: string;
  /** The beginning of permalinks, such as `https://acme.slack.com/`. */
  readonly workspaceUrl: string;
  readonly botUser: string;
  readonly botId: string;
  readonly botName: string;
  /** The Enterprise Grid organization. Null without one. */
  readonly enterprise: string | null;
}

/** Asks `auth.test` whom the bot token belongs to. */
export async function whoAmI(client: WebClient): Promise<SlackIdentity> {
  const answer = await client.auth.test();
  if (!answer.team_id || !answer.user_id || !answer.bot_id) {
    throw new Error('auth.test did not name a workspace and a bot: SLACK_BOT_TOKEN has to be a bot token (xoxb-…)');
  }
  return {
    team: answer.team_id,
    teamName: answer.team ?? answer.team_id,
    workspaceUrl: answer.url ?? 'https://app.slack.com/',
    botUser: answer.user_id,
    botId: answer.bot_id,
    botName: answer.user ?? 'bellhop',
    enterprise: answer.enterprise_id ?? null,
  };
}

/**
 * The link to a message, the same as Slack's "Copy link" gives.
 * @param threadTs of a reply: the thread in which it stands
 */
export function permalinkOf(identity: SlackIdentity, channel: string, ts: string, threadTs?: string): string {
  const thread = threadTs === undefined || threadTs === ts ? '' : `?thread_ts=${threadTs}&cid=${channel}`;
  return new URL(`archives/${channel}/p${ts.replace('.', '')}${thread}`, identity.workspaceUrl).href;
}
