import { isResponseUrl } from './slack-hosts.ts';

export interface ResponderOptions {
  readonly apiUrl: string;
  readonly onError: (error: unknown) => void;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Answers a press at the address that Slack gives with it (docs.slack.dev, "Handling user interaction", `response_url`): only the person who has
 * pressed sees it. It does nothing where there is no such address, and throws nothing.
 */
export type Responder = (body: Readonly<Record<string, unknown>>, message: Record<string, unknown>) => Promise<void>;

const WITHIN_MS = 5_000;

/** Posts to the address within five seconds. What goes wrong is told to `onError`. */
export function createResponder({ apiUrl, onError, fetch = globalThis.fetch }: ResponderOptions): Responder {
  return async ({ response_url: url }, message) => {
    if (typeof url !== 'string' || !isResponseUrl(url, apiUrl)) return;
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      redirect: 'error',
      signal: AbortSignal.timeout(WITHIN_MS),
    }).catch(onError);
  };
}
