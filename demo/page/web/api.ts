import type { WhyAnswer } from '../../../admin/web/egress/why-answer.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import type { PullView } from '../contract/page.ts';
import type { SlackSubmitted } from '../contract/slack.ts';
import type { AccessView } from '../contract/thread.ts';

interface Refusal {
  readonly error?: { readonly code: string; readonly message: string };
}

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init);
  const answer = (await response.json().catch(() => ({}))) as T & Refusal;
  if (!response.ok) throw new Error(answer.error?.message ?? `The page's server answered ${response.status}.`);
  return answer;
}

function post<T>(path: string, body: unknown): Promise<T> {
  return call<T>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

export interface Place {
  /** User id of the person acted as. */
  readonly as: string;
  readonly channel: string;
}

/** A button of the agent's; with block id and value where several have the same action id. */
export interface Press {
  readonly actionId: string;
  readonly blockId: string | undefined;
  readonly value: string | undefined;
}

/** Everything the page can do. Each throws an Error whose message is for the person. */
export const api = {
  say: (message: Place & { threadTs?: string | undefined; text: string }) =>
    post<{ ts: string }>('/api/slack/post', message),
  edit: (edit: Place & { ts: string; text: string }) => post('/api/slack/edit', edit),
  remove: (message: Place & { ts: string }) => post('/api/slack/remove', message),
  react: (reaction: Place & { ts: string; name: string; remove: boolean }) => post('/api/slack/react', reaction),
  click: (click: Place & Press & { ts: string }) => post('/api/slack/click', click),
  openHome: (as: string) => post('/api/slack/home', { as }),
  pressAtHome: (press: Press & { as: string }) => post('/api/slack/home-press', press),
  submit: (filled: { as: string; values: Readonly<Record<string, string>> }) =>
    post<SlackSubmitted>('/api/slack/submit', filled),
  dismiss: (as: string) => post('/api/slack/dismiss', { as }),
  openDirect: (as: string) => post<{ channel: string }>('/api/slack/direct', { as }),
  upload(place: Place & { threadTs?: string | undefined; text: string }, file: File) {
    const query = new URLSearchParams({ as: place.as, channel: place.channel, name: file.name, text: place.text });
    if (place.threadTs) query.set('threadTs', place.threadTs);
    return call(`/api/slack/upload?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: file,
    });
  },
  acmeToken: (as: string) => post<{ login: string; token: string }>('/api/acme/token', { as }),
  pulls: () => call<{ pulls: readonly PullView[] }>('/api/acme/pulls'),
  why: (event: string) => call<WhyAnswer>(`/api/why/${event}`),
  access: (session: string, turn: number) =>
    call<AccessView>(`/api/access?${new URLSearchParams({ session, turn: String(turn) })}`),
  reach: (scope: ScopeKey, asker: ScopeKey) =>
    call<{ access: AccessView | null }>(`/api/reach?${new URLSearchParams({ scope, asker })}`),
  killWorker: () => post('/api/worker/kill', {}),
};
