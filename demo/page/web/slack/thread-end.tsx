import type { PageInfo, Scenario } from '../../contract/page.ts';
import type { SlackChannel, SlackMessage, SlackWorkspace } from '../../contract/slack.ts';
import type { ThreadView } from '../../contract/thread.ts';
import { OpenItHint } from '../tour/open-it-hint.tsx';
import { partsOf } from '../tour/parts.ts';
import { TryNext } from '../tour/try-next.tsx';
import { comparable, repeatable, statusOf } from './views.ts';

export interface ThreadEndProps {
  readonly workspace: SlackWorkspace;
  readonly info: PageInfo | null;
  readonly thread: ThreadView | null;
  readonly channel: SlackChannel;
  readonly messages: readonly SlackMessage[];
  readonly openThread: string | null;
  readonly onRepeat: (text: string) => void;
  readonly onRun: (scenario: Scenario) => Promise<void>;
}

/** What stands under the last message: what the agent is doing, what to change in the access file, and what to try next. */
export function ThreadEnd(props: ThreadEndProps) {
  const { workspace, info, thread, channel, messages, openThread, onRepeat, onRun } = props;
  const again = openThread ? repeatable(info?.scenarios ?? [], messages, thread) : null;
  const answered =
    openThread !== null &&
    thread !== null &&
    thread.turns.at(-1)?.state !== 'running' &&
    messages.at(-1)?.user === workspace.app;
  const status = openThread ? statusOf(workspace, channel.id, openThread) : null;
  return (
    <>
      {status && (
        <p className="slack__status">
          <span className="spinner" aria-hidden="true" /> Bellhop {status}
        </p>
      )}
      {again && (
        <OpenItHint
          host={again.host}
          accessFile={info?.accessFile ?? 'bellhop.yaml'}
          onRepeat={() => onRepeat(again.text)}
        />
      )}
      {answered && info && <TryNext part={partOfThread(info, messages)} onRun={onRun} />}
      {messages.length === 0 && <p className="pane__empty">{emptyConversation(channel)}</p>}
    </>
  );
}

/** The part of the tour whose scenario the thread began with; else the first. */
function partOfThread(info: PageInfo, messages: readonly SlackMessage[]) {
  const [first, names] = partsOf(info);
  const said = comparable(messages[0]?.text ?? '');
  return names.scenarios.some(({ text }) => comparable(text) === said) ? names : first;
}

function emptyConversation({ kind }: SlackChannel): string {
  if (kind === 'im') return 'Ask Bellhop anything here. A direct message has nothing of any channel’s access.';
  if (kind === 'mpim') return 'Nobody has written here yet. Bellhop works in channels and in direct messages.';
  return 'Nobody has written here yet.';
}
