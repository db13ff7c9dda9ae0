import { type Logger, LogLevel } from '@slack/logger';
import { WebClient, type WebClientOptions } from '@slack/web-api';

/** Gets problems of Slack's libraries. Their debug lines contain messages of people, so those are never written. */
export interface SlackLog {
  warn(message: string): void;
  error(message: string): void;
}

const TIMEOUT_MS = 10_000;

/**
 * Options of every client we make. It does not retry, because a retry that nobody recorded posts a message twice. It
 * does not wait for `Retry-After` in silence. It has a time limit, and it calls no other host.
 */
export function clientOptions(apiUrl: string, log: SlackLog): WebClientOptions {
  return {
    slackApiUrl: apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: TIMEOUT_MS,
    allowAbsoluteUrls: false,
    logger: slackLogger(log),
  };
}

/** A client of Slack's Web API that does not retry. `failureOf` says what a failed call means. */
export function createSlackClient(token: string, apiUrl: string, log: SlackLog): WebClient {
  return new WebClient(token, clientOptions(apiUrl, log));
}

/** Slack's logger interface over ours. */
export function slackLogger(log: SlackLog): Logger {
  const text = (parts: unknown[]): string => parts.map(String).join(' ');
  return {
    debug: () => {},
    info: () => {},
    warn: (...parts) => log.warn(text(parts)),
    error: (...parts) => log.error(text(parts)),
    setLevel: () => {},
    getLevel: () => LogLevel.WARN,
    setName: () => {},
  };
}
