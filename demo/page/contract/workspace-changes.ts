import type { SlackChange, SlackMessage, SlackWorkspace } from './slack.ts';

/** The workspace after a change; server and web app keep theirs by the same function. */
export function withChange(workspace: SlackWorkspace, change: SlackChange): SlackWorkspace {
  switch (change.type) {
    case 'message':
      return { ...workspace, messages: withMessage(workspace.messages, change.message) };
    case 'removed':
      return {
        ...workspace,
        messages: workspace.messages.filter((each) => each.channel !== change.channel || each.ts !== change.ts),
      };
    case 'status': {
      const { channel, threadTs } = change.status;
      const others = workspace.statuses.filter((each) => each.channel !== channel || each.threadTs !== threadTs);
      return { ...workspace, statuses: change.status.status === '' ? others : [...others, change.status] };
    }
    case 'channel': {
      const others = workspace.channels.filter((each) => each.id !== change.channel.id);
      const known = others.length < workspace.channels.length;
      return {
        ...workspace,
        channels: known
          ? workspace.channels.map((each) => (each.id === change.channel.id ? change.channel : each))
          : [...others, change.channel],
      };
    }
    case 'view': {
      const at = workspace.views.findIndex(({ id }) => id === change.view.id);
      return {
        ...workspace,
        views: at === -1 ? [...workspace.views, change.view] : workspace.views.with(at, change.view),
      };
    }
    case 'view-closed':
      return { ...workspace, views: workspace.views.filter(({ id }) => id !== change.id) };
    case 'connected':
      return { ...workspace, connected: change.connected };
  }
}

function withMessage(messages: readonly SlackMessage[], message: SlackMessage): readonly SlackMessage[] {
  const at = messages.findLastIndex((each) => each.channel === message.channel && each.ts === message.ts);
  if (at !== -1) return messages.with(at, message);
  const after = messages.findLastIndex((each) => each.ts < message.ts);
  return messages.toSpliced(after + 1, 0, message);
}
