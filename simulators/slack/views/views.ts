import { SlackError } from '../api/errors.ts';
import type { Changes } from '../changes.ts';
import { blockId, secretId, slackId } from '../world/ids.ts';
import type { Block } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import { fields } from './view-checks.ts';

/** A modal that a person has open, or a person's Home tab. */
export interface AppView {
  readonly id: string;
  readonly type: 'modal' | 'home';
  /** Who sees it. */
  readonly user: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly blocks: readonly Block[];
  readonly hash: string;
  /** What the app refused of the last submission, by block id. */
  errors: Readonly<Record<string, string>>;
}

export interface AppViews {
  /** Lets the app open one modal for this person, for three seconds. */
  trigger(user: string): string;
  /** @throws SlackError */
  open(triggerId: string, content: Readonly<Record<string, unknown>>): AppView;
  publish(user: string, content: Readonly<Record<string, unknown>>): AppView;
  replace(view: AppView, content: Readonly<Record<string, unknown>>): AppView;
  close(view: AppView): void;
  refuse(view: AppView, errors: Readonly<Record<string, string>>): void;
  find(id: string): AppView | undefined;
  modalOf(user: string): AppView | undefined;
  homeOf(user: string): AppView | undefined;
  all(): readonly AppView[];
}

/** Slack: "trigger_id will expire 3 seconds after you receive it", and can be used once. */
const TRIGGER_MS = 3_000;
const MOST_TRIGGERS = 1_000;

/** Modals and Home tabs. They end with the simulator, as they end with a client of Slack. */
export function createAppViews(changes: Changes, now: () => number): AppViews {
  const triggers = new Map<string, { readonly user: string; readonly until: number; used: boolean }>();
  const views = new Map<string, AppView>();

  function make(type: AppView['type'], user: string, content: Readonly<Record<string, unknown>>, id: string): AppView {
    const blocks = (content.blocks as Block[]).map((block) => ({ ...block, block_id: block.block_id ?? blockId() }));
    const view = { id, type, user, content, blocks, hash: `${Math.floor(now() / 1_000)}.${secretId()}`, errors: {} };
    views.set(id, view);
    changes.add('view', shown(view));
    return view;
  }

  const ofUser = (type: AppView['type'], user: string) =>
    [...views.values()].findLast((view) => view.type === type && view.user === user);

  return {
    trigger(user) {
      const id = `${now()}.${secretId()}`;
      triggers.set(id, { user, until: now() + TRIGGER_MS, used: false });
      for (const old of [...triggers.keys()].slice(0, -MOST_TRIGGERS)) triggers.delete(old);
      return id;
    },
    open(triggerId, content) {
      const trigger = triggers.get(triggerId);
      if (trigger === undefined) throw new SlackError('invalid_trigger_id');
      if (trigger.used) throw new SlackError('exchanged_trigger_id');
      if (now() > trigger.until) throw new SlackError('expired_trigger_id');
      trigger.used = true;
      return make('modal', trigger.user, content, slackId('V'));
    },
    publish: (user, content) => make('home', user, content, ofUser('home', user)?.id ?? slackId('V')),
    replace: (view, content) => make(view.type, view.user, content, view.id),
    close(view) {
      views.delete(view.id);
      changes.add('view-closed', { id: view.id, user: view.user });
    },
    refuse(view, errors) {
      view.errors = errors;
      changes.add('view', shown(view));
    },
    find: (id) => views.get(id),
    modalOf: (user) => ofUser('modal', user),
    homeOf: (user) => ofUser('home', user),
    all: () => [...views.values()],
  };
}

/** A view as the control API shows it. */
export function shown({ id, type, user, content, blocks, errors }: AppView): Record<string, unknown> {
  const { title, submit, close } = content;
  const words = {
    title: fields(title).text ?? null,
    submit: fields(submit).text ?? null,
    close: fields(close).text ?? null,
  };
  return { id, type, user, ...words, blocks, errors };
}

/** A view as the Web API and payloads show it (docs.slack.dev/reference/views). */
export function viewObject(
  view: AppView,
  values: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Record<string, unknown> {
  const { title = null, close = null, submit = null, private_metadata = '', callback_id = '' } = view.content;
  return {
    id: view.id,
    team_id: TEAM.id,
    type: view.type,
    blocks: view.blocks,
    private_metadata,
    callback_id,
    state: { values },
    hash: view.hash,
    ...{ title, close, submit, clear_on_close: false, notify_on_close: false },
    previous_view_id: null,
    root_view_id: view.id,
    app_id: APP.id,
    external_id: '',
    app_installed_team_id: TEAM.id,
    bot_id: APP.botId,
  };
}
