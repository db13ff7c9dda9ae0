import { z } from 'zod';
import type { SlackChange, SlackWorkspace } from '../contract/slack.ts';
import { withChange } from '../contract/workspace-changes.ts';
import type { Services } from './configuration.ts';
import { PageError } from './errors.ts';
import { readServerSentEvents } from './server-sent-events.ts';
import { toChange, toWorkspace } from './slack-shapes.ts';
import { type SlackListener, SlackRefusal, type SlackSource } from './slack-source.ts';

type Address = NonNullable<Services['slack']>;

const REFUSAL = z.object({ error: z.string(), message: z.string().optional() });
const SUBMITTED = z.object({ closed: z.boolean(), errors: z.record(z.string(), z.string()) });
const TRY_AGAIN_MS = 500;

/** @param address where the simulator is; undefined until that is known */
export function createSlackSimulator(address: () => Address | undefined): SlackSource {
  const listeners = new Set<SlackListener>();
  const stop = new AbortController();
  let workspace: SlackWorkspace | null = null;

  function show(next: SlackWorkspace | null): void {
    if (workspace === null && next === null) return;
    workspace = next;
    for (const listener of listeners) listener.onWorkspace(next);
  }

  function apply(change: SlackChange): void {
    if (workspace) workspace = withChange(workspace, change);
    for (const listener of listeners) listener.onChange(change);
  }

  async function call(path: string, init?: RequestInit): Promise<Response> {
    const at = address();
    if (!at) throw new PageError(503, 'slack_unavailable', 'The Slack simulator is not up yet.');
    return fetch(new URL(path, at.url), { ...init, headers: { ...init?.headers, 'x-sim-token': at.token } });
  }

  async function act(path: string, body: unknown): Promise<unknown> {
    const response = await call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch((error: unknown) => {
      if (error instanceof PageError) throw error;
      throw new PageError(503, 'slack_unavailable', 'The Slack simulator does not answer.');
    });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return answer;
    const refusal = REFUSAL.safeParse(answer);
    if (refusal.success) throw new SlackRefusal(refusal.data.error, refusal.data.message);
    throw new PageError(502, 'slack_unavailable', `The Slack simulator answered ${response.status}.`);
  }

  /** Reads the state, then follows every change, until the connection ends or `reset` says to read anew. */
  async function followOnce(): Promise<void> {
    const read = toWorkspace(await (await call('/_sim/state', { signal: stop.signal })).json());
    const stream = await call(`/_sim/stream?after=${read.lastEventId}`, { signal: stop.signal });
    if (!stream.ok || !stream.body) throw new Error(`the stream answered ${stream.status}`);
    show(read.workspace);
    for await (const event of readServerSentEvents(stream.body)) {
      if (event.name === 'reset') return;
      const change = toChange(event.name, JSON.parse(event.data));
      if (change) apply(change);
    }
  }

  async function followForever(): Promise<void> {
    while (!stop.signal.aborted) {
      await (address() ? followOnce() : Promise.resolve()).catch(() => show(null));
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  }

  void followForever();
  return {
    follow(listener) {
      listeners.add(listener);
      listener.onWorkspace(workspace);
      return () => void listeners.delete(listener);
    },
    async post({ threadTs, ...post }) {
      return z.object({ ts: z.string() }).parse(await act('/_sim/messages', { ...post, thread_ts: threadTs }));
    },
    async upload({ threadTs, name, bytes, ...post }) {
      const files = [{ name, contentBase64: bytes.toString('base64') }];
      await act('/_sim/messages', { ...post, thread_ts: threadTs, files });
    },
    edit: async (edit) => void (await act('/_sim/edits', edit)),
    remove: async (message) => void (await act('/_sim/deletes', message)),
    react: async (reaction) => void (await act('/_sim/reactions', reaction)),
    async click({ actionId, blockId, ...where }) {
      await act('/_sim/actions', { ...where, action_id: actionId, block_id: blockId });
    },
    openHome: async (person) => void (await act('/_sim/home', person)),
    async pressAtHome({ actionId, blockId, ...rest }) {
      await act('/_sim/home-actions', { ...rest, action_id: actionId, block_id: blockId });
    },
    submit: async (filled) => SUBMITTED.parse(await act('/_sim/submissions', filled)),
    dismiss: async (person) => void (await act('/_sim/dismissals', person)),
    person: (id) => workspace?.people.find((each) => each.id === id),
    async openDirect(person) {
      return z.object({ channel: z.string() }).parse(await act('/_sim/open-dm', person));
    },
    async file(id) {
      const response = await call(`/_sim/files/${id}`);
      if (!response.ok) return null;
      const name = workspace?.messages.flatMap((message) => message.files).find((file) => file.id === id)?.name ?? id;
      const mimetype = (response.headers.get('content-type') ?? 'application/octet-stream').split(';', 1)[0] ?? '';
      return { name, mimetype, bytes: Buffer.from(await response.arrayBuffer()) };
    },
    close: () => stop.abort(),
  };
}
