import type { Scenario } from '../../contract/page.ts';
import type { SlackMessage, SlackView, SlackWorkspace } from '../../contract/slack.ts';
import type { ThreadView } from '../../contract/thread.ts';

/** What one person sees in a channel (without the answers in threads), or in a thread with its first message. */
export function messagesOf(
  { messages }: SlackWorkspace,
  channel: string,
  threadTs: string | null,
  person: string,
): SlackMessage[] {
  return messages.filter((message) => {
    if (message.channel !== channel) return false;
    if (message.visibleTo !== null && message.visibleTo !== person) return false;
    if (threadTs !== null) return message.ts === threadTs || message.threadTs === threadTs;
    return message.threadTs === null || message.threadTs === message.ts;
  });
}

/** What the agent says it is doing, without its name: `is getting to work…`. Null while it says nothing. */
export function statusOf({ statuses }: SlackWorkspace, channel: string, threadTs: string): string | null {
  return statuses.find((each) => each.channel === channel && each.threadTs === threadTs)?.status || null;
}

/**
 * The scenario that this thread began with, when one of its requests was blocked because nothing allows its host:
 * then an edit of the access file makes a difference.
 */
export function repeatable(
  scenarios: readonly Scenario[],
  messages: readonly SlackMessage[],
  thread: ThreadView | null,
): { readonly text: string; readonly host: string } | null {
  const last = thread?.egress.findLast(({ event }) => event.host.startsWith('paste.'))?.event;
  if (last?.outcome !== 'blocked' || last.code !== 'not_allowed' || thread?.turns.at(-1)?.state === 'running')
    return null;
  const first = comparable(messages[0]?.text ?? '');
  const scenario = scenarios.find(({ text }) => comparable(text) === first);
  return scenario ? { text: scenario.text, host: last.host } : null;
}

/** A text as it is compared: Slack's client turns names and addresses into markup and leaves everything else as it is. */
export function comparable(text: string): string {
  return text
    .replace(/<@[A-Z0-9]+>|@bellhop/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/[<>\s]+/g, '');
}

/** What one person sees of the agent outside of messages. */
export function viewsOf(
  { views }: SlackWorkspace,
  person: string,
): { readonly modal: SlackView | undefined; readonly home: SlackView | undefined } {
  const own = views.filter(({ user }) => user === person);
  return {
    modal: own.findLast(({ type }) => type === 'modal'),
    home: own.findLast(({ type }) => type === 'home'),
  };
}
