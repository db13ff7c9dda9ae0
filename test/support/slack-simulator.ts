import { randomUUID } from 'node:crypto';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulators/slack/simulator.ts';
import { shown } from '../../simulators/slack/views/views.ts';
import type { Message } from '../../simulators/slack/world/types.ts';
import { APP } from '../../simulators/slack/world/workspace.ts';

/** A message as the simulator's state shows it; the fields tests look at. */
export interface SimMessage {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly user: string;
  readonly subtype: string | null;
  readonly text: string;
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
  readonly files: readonly {
    readonly id: string;
    readonly name: string;
    readonly mimetype: string;
    readonly size: number;
  }[];
  readonly reactions: readonly { readonly name: string; readonly users: readonly string[] }[];
  readonly edited: { readonly user: string; readonly ts: string } | null;
  readonly deleted: boolean;
  readonly metadata: { readonly event_type: string; readonly event_payload: Record<string, unknown> } | null;
  readonly unfurlLinks: boolean | null;
  readonly unfurlMedia: boolean | null;
  readonly broadcastMentions: readonly string[];
  /** Whom Slack notified of it. An edit notifies nobody. */
  readonly notified: readonly string[];
}

export interface SimEphemeral {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly visibleTo: string;
  readonly text: string;
  readonly blocks: SimMessage['blocks'];
}

export interface SimState {
  readonly app: { readonly userId: string; readonly connected: boolean; readonly sockets: number };
  readonly channels: readonly { readonly id: string; readonly name: string; readonly members: readonly string[] }[];
  readonly messages: readonly SimMessage[];
  readonly ephemerals: readonly SimEphemeral[];
  readonly statuses: readonly { readonly channel: string; readonly threadTs: string; readonly status: string }[];
}

export interface SimCall {
  readonly id: number;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly ok: boolean;
  readonly error: string | null;
  readonly status: number | null;
}

export interface SimDelivery {
  readonly id: string;
  readonly kind: string;
  readonly type: string;
  readonly sent: number;
  readonly acknowledged: boolean;
  readonly givenUp: boolean;
  readonly ackMs: number | null;
}

/** A modal or Home tab of the app, as one person sees it. */
export interface SimView {
  readonly id: string;
  readonly title: string | null;
  readonly blocks: SimMessage['blocks'];
  readonly errors: Readonly<Record<string, string>>;
}

/** What became of a modal that a person sent. */
export interface SimSubmission {
  readonly acknowledged: boolean;
  readonly closed: boolean;
  readonly errors: Readonly<Record<string, string>>;
}

export interface PostOptions {
  readonly threadTs?: string;
  readonly files?: readonly {
    readonly name: string;
    readonly content: Buffer | string;
    /** Slack gives the file's id only. */
    readonly idOnly?: boolean;
  }[];
  /** Takes the text as Slack's own markup. */
  readonly raw?: boolean;
  readonly blocks?: readonly Readonly<Record<string, unknown>>[];
  readonly attachments?: readonly Readonly<Record<string, unknown>>[];
}

export interface TestSlack extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly url: string;
  readonly apiUrl: string;
  readonly tokens: { readonly app: string; readonly bot: string };
  readonly controlToken: string;
  /** Environment of a process that talks to this simulator. */
  readonly environment: Readonly<Record<'SLACK_API_URL' | 'SLACK_APP_TOKEN' | 'SLACK_BOT_TOKEN', string>>;
  /** Posts as a person; `text` is typed text: `@bellhop` becomes a mention. `channel` is a name or an id. */
  post(as: string, channel: string, text: string, options?: PostOptions): Promise<SimMessage>;
  edit(as: string, message: Pick<SimMessage, 'channel' | 'ts'>, text: string): Promise<SimMessage>;
  remove(as: string, message: Pick<SimMessage, 'channel' | 'ts'>): Promise<void>;
  react(as: string, message: Pick<SimMessage, 'channel' | 'ts'>, name: string): Promise<void>;
  click(as: string, message: Pick<SimMessage, 'channel' | 'ts'>, actionId: string, value?: string): Promise<void>;
  /** The person opens the Home tab of the app. */
  openHome(as: string): Promise<void>;
  pressAtHome(as: string, actionId: string, value?: string): Promise<void>;
  /** Waits until the Home tab that the person sees holds this. */
  waitForHome(as: string, matches: RegExp): Promise<SimView>;
  /** Waits until the person has a modal open. */
  waitForModal(as: string): Promise<SimView>;
  /** Sends the modal that the person has open, with a value for each action id. */
  submit(as: string, values: Readonly<Record<string, string>>): Promise<SimSubmission>;
  closeModal(as: string): Promise<void>;
  deactivate(as: string): Promise<void>;
  /** An administrator makes somebody a guest, or a member. */
  classify(user: string, kind: 'member' | 'guest'): Promise<void>;
  /** The id of this person's DM with the app. */
  openDm(as: string): Promise<string>;
  invite(channel: string, user: string): Promise<void>;
  dismiss(channel: string, user: string): Promise<void>;
  /** An administrator archives a channel, makes it private or public, or lets only some people post there; the app is not one of them. */
  changeChannel(
    channel: string,
    change: { archived?: boolean; restricted?: boolean; kind?: 'public' | 'private' },
  ): Promise<void>;
  state(): Promise<SimState>;
  /** Parent and replies, oldest first. */
  thread(parent: Pick<SimMessage, 'channel' | 'ts'>): Promise<readonly SimMessage[]>;
  /** What the app said in the thread, oldest first. */
  answers(parent: Pick<SimMessage, 'channel' | 'ts'>): Promise<readonly SimMessage[]>;
  /** Waits for a message of the app in the thread for which `matches` holds. */
  waitForAnswer(
    parent: Pick<SimMessage, 'channel' | 'ts'>,
    matches: RegExp | ((message: SimMessage) => boolean),
    timeoutMs?: number,
  ): Promise<SimMessage>;
  /** Waits for a message that only this person sees. */
  waitForWhisper(as: string, matches: RegExp, timeoutMs?: number): Promise<SimEphemeral>;
  /** Waits until the app's own reaction is on the message. */
  waitForReaction(message: Pick<SimMessage, 'channel' | 'ts'>, name?: string, timeoutMs?: number): Promise<void>;
  waitForApp(timeoutMs?: number): Promise<void>;
  file(id: string): Promise<Buffer>;
  fault(fault: Readonly<Record<string, unknown>>): Promise<void>;
  clearFaults(): Promise<void>;
  calls(method?: string): Promise<readonly SimCall[]>;
  deliveries(): Promise<readonly SimDelivery[]>;
}

/**
 * A Slack simulator in this process, on a free port. Retries are quicker than Slack's unless `options` says otherwise:
 * a second without acknowledgement, then at once, after one second and after five.
 */
export async function startTestSlack(options: Partial<SimulatorOptions> = {}): Promise<TestSlack> {
  const tokens = { app: `xapp-1-${randomUUID()}`, bot: `xoxb-${randomUUID()}` };
  const controlToken = randomUUID();
  const simulator = await startSimulator({
    port: 0,
    tokens,
    controlToken,
    ackTimeoutMs: 1_000,
    retryDelaysMs: [0, 1_000, 5_000],
    fileProcessingMs: 50,
    ...options,
  });

  async function control<Result>(path: string, body?: unknown): Promise<Result> {
    const response = await fetch(`${simulator.url}/_sim/${path}`, {
      headers: { 'x-sim-token': options.controlToken ?? controlToken, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The simulator refused ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Result;
  }

  const { world, views, appViews } = simulator;
  const viewsNow = (as: string, type: 'home' | 'modal') =>
    appViews
      .all()
      .filter((one) => one.type === type && one.user === world.person(as)?.id)
      .map((one) => shown(one) as unknown as SimView);
  const view = (message: Message) => views.message(message) as unknown as SimMessage;
  const threadNow = ({ channel, ts }: Pick<SimMessage, 'channel' | 'ts'>) => world.thread(channel, ts).map(view);
  const answersNow = (parent: Pick<SimMessage, 'channel' | 'ts'>) =>
    threadNow(parent).filter((one) => one.ts !== parent.ts && one.user === APP.userId && !one.deleted);

  /** Looks at once and after every change, so that a wait ends as soon as it can. */
  async function until<Value>(look: () => Value | undefined, timeoutMs: number, explain: () => string): Promise<Value> {
    const now = look();
    if (now !== undefined) return now;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        unfollow();
        reject(new Error(`${explain()} (waited ${timeoutMs} ms)`));
      }, timeoutMs);
      const unfollow = simulator.changes.follow(() => {
        const value = look();
        if (value === undefined) return;
        clearTimeout(timer);
        unfollow();
        resolve(value);
      });
    });
  }

  return {
    simulator,
    url: simulator.url,
    apiUrl: simulator.apiUrl,
    tokens: options.tokens ?? tokens,
    controlToken: options.controlToken ?? controlToken,
    environment: {
      SLACK_API_URL: simulator.apiUrl,
      SLACK_APP_TOKEN: (options.tokens ?? tokens).app,
      SLACK_BOT_TOKEN: (options.tokens ?? tokens).bot,
    },
    post: (as, channel, text, { threadTs, files = [], raw = false, blocks = [], attachments = [] } = {}) =>
      control('messages', {
        as,
        channel,
        text,
        raw,
        blocks,
        attachments,
        ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
        files: files.map(({ content, ...file }) => ({
          ...file,
          contentBase64: Buffer.from(content).toString('base64'),
        })),
      }),
    edit: (as, { channel, ts }, text) => control('edits', { as, channel, ts, text }),
    remove: (as, { channel, ts }) => control('deletes', { as, channel, ts }),
    react: (as, { channel, ts }, name) => control('reactions', { as, channel, ts, name }),
    click: (as, { channel, ts }, action, value) =>
      control('actions', { as, channel, ts, action_id: action, ...(value === undefined ? {} : { value }) }),
    openHome: (as) => control('home', { as }),
    pressAtHome: (as, action, value) =>
      control('home-actions', { as, action_id: action, ...(value === undefined ? {} : { value }) }),
    waitForHome: (as, matches) =>
      until(
        () => viewsNow(as, 'home').find((one) => matches.test(everyText({ text: '', blocks: one.blocks }))),
        10_000,
        () => `The Home tab does not match ${matches}: ${JSON.stringify(viewsNow(as, 'home'))}`,
      ),
    waitForModal: (as) =>
      until(
        () => viewsNow(as, 'modal').at(-1),
        10_000,
        () => `${as} has no modal open.`,
      ),
    submit: (as, values) => control('submissions', { as, values }),
    closeModal: (as) => control('dismissals', { as }),
    deactivate: (as) => control('deactivations', { as }),
    classify: (user, kind) => control('classes', { user, kind }),
    openDm: async (as) => (await control<{ channel: string }>('open-dm', { as })).channel,
    invite: (channel, user) => control('members', { as: 'ada', channel, user, action: 'join' }),
    dismiss: (channel, user) => control('members', { as: 'ada', channel, user, action: 'leave' }),
    changeChannel: (channel, change) => control('channels', { channel, ...change }),
    state: () => control<SimState>('state'),
    thread: async (parent) => threadNow(parent),
    answers: async (parent) => answersNow(parent),
    async waitForAnswer(parent, matches, timeoutMs = 20_000) {
      const holds = typeof matches === 'function' ? matches : (one: SimMessage) => matches.test(everyText(one));
      return await until(
        () => answersNow(parent).find(holds),
        timeoutMs,
        () => `No answer matched ${matches}. The app said: ${JSON.stringify(answersNow(parent).map(everyText))}`,
      );
    },
    async waitForWhisper(as, matches, timeoutMs = 10_000) {
      const person = world.person(as)?.id;
      const heard = () => world.ephemerals.filter((one) => one.visibleTo === person && one.user === APP.userId);
      return await until(
        () =>
          heard().find((one) => matches.test(everyText(one as unknown as SimEphemeral))) as unknown as
            | SimEphemeral
            | undefined,
        timeoutMs,
        () => `${as} was not told ${matches}: ${JSON.stringify(heard().map(({ text }) => text))}`,
      );
    },
    async waitForReaction({ channel, ts }, name, timeoutMs = 10_000) {
      await until(
        () =>
          world
            .message(channel, ts)
            ?.reactions.find((one) => (!name || one.name === name) && one.users.includes(APP.userId)),
        timeoutMs,
        () => `The app did not react${name ? ` with :${name}:` : ''}.`,
      );
    },
    async waitForApp(timeoutMs = 20_000) {
      const connected = () => (simulator.sockets() > 0 ? true : undefined);
      await until(connected, timeoutMs, () => 'No app connected to the Slack simulator.');
    },
    async file(id) {
      const headers = { 'x-sim-token': options.controlToken ?? controlToken };
      const response = await fetch(`${simulator.url}/_sim/files/${id}`, { headers });
      if (!response.ok) throw new Error(`The simulator has no file ${id}: ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
    fault: (fault) => control('faults', fault),
    clearFaults: () => control('faults', { clear: true }),
    calls: async (method) => (await control<{ calls: SimCall[] }>(`calls${method ? `?method=${method}` : ''}`)).calls,
    deliveries: async () => (await control<{ deliveries: SimDelivery[] }>('deliveries')).deliveries,
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

/** The text of a message and of all its blocks, as one string to match against. */
export function everyText(message: Pick<SimMessage, 'text' | 'blocks'>): string {
  const texts: string[] = [message.text];
  JSON.stringify(message.blocks, (key, value: unknown) => {
    if (key === 'text' && typeof value === 'string') texts.push(value);
    return value;
  });
  return texts.join('\n');
}
