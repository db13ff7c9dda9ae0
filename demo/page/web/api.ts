import type { WhyAnswer } from '../../../admin/web/egress/why-answer.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
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

/** Everything the page can do. Each throws an Error whose message is for the person. */
export const api = {
  say: (message: Place & { threadTs?: string | undefined; text: string }) =>
    post<{ ts: string }>('/api/slack/post', message),
  edit: (edit: Place & { ts: string; text: string }) => post('/api/slack/edit', edit),
  remove: (message: Place & { ts: string }) => post('/api/slack/remove', message),
  react: (reaction: Place & { ts: string; name: string; remove: boolean }) => post('/api/slack/react', reaction),
  click: (click: Place & { ts: string; actionId: string; blockId?: string | undefined }) =>
    post('/api/slack/click', click),
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
  why: (event: string) => call<WhyAnswer>(`/api/why/${event}`),
  access: (session: string, turn: number) =>
    call<AccessView>(`/api/access?${new URLSearchParams({ session, turn: String(turn) })}`),
  reach: (scope: ScopeKey) => call<{ access: AccessView | null }>(`/api/reach?${new URLSearchParams({ scope })}`),
  killWorker: () => post('/api/worker/kill', {}),
};
