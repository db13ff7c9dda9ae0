import { App, type AppOptions, LogLevel } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { TestSlack } from '../../../support/slack-simulator.ts';

/** A logger that says nothing; what the app hears is what a test looks at. */
export const quiet = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

/** An unmodified Bolt app in Socket Mode, told only the simulator's address. */
export function createBoltApp(slack: TestSlack, options: AppOptions = {}): App {
  return new App({
    appToken: slack.tokens.app,
    token: slack.tokens.bot,
    socketMode: true,
    clientOptions: { slackApiUrl: slack.apiUrl },
    logger: quiet,
    ...options,
  });
}

/** The official client, which reports a failure at once instead of trying again. */
export function createClient(slack: TestSlack, token: string = slack.tokens.bot): WebClient {
  return new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: quiet,
  });
}
