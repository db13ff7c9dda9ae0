import { type Logger, LogLevel } from '@slack/logger';
import { WebClient, type WebClientOptions } from '@slack/web-api';

/** Where problems of Slack's libraries go. Their debug lines hold messages and are never written. */
export interface SlackLog {
  warn(message: string): void;
  error(message: string): void;
}

const TIMEOUT_MS = 10_000;

/**
 * Options of every client we make: no retries of its own (a retry that nobody recorded is how messages double), no
 * silent waiting for `Retry-After`, a time limit, and no calls to other hosts.
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

/** Without retries of its own: what a failed call means is judged by `failureOf`. */
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
