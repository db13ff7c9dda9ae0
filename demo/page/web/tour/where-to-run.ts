import { DIRECT, type Scenario } from '../../contract/page.ts';
import type { SlackWorkspace } from '../../contract/slack.ts';
import { comparable } from '../slack/views.ts';

/** Where a scenario is posted, and by whom. `channel` is null for the person's direct message, which may have to be opened. */
export interface RunPlace {
  readonly as: string;
  readonly channel: string | null;
  readonly threadTs?: string;
}

/**
 * A scenario is posted by the person acted as. One that belongs into another's thread is posted there by somebody who did not
 * begin it: the person acted as, or the first other member.
 * @returns words for the person, when it cannot be posted
 */
export function whereToRun(
  { channel: home, inThreadOf }: Scenario,
  workspace: SlackWorkspace,
  all: readonly Scenario[],
  acting: string,
): RunPlace | string {
  if (home === DIRECT) return { as: acting, channel: null };
  const channel = workspace.channels.find(({ name }) => name === home);
  if (!channel) return `There is no #${home} here.`;
  if (inThreadOf === undefined) return { as: acting, channel: channel.id };
  const first = all.find(({ id }) => id === inThreadOf);
  const begun = workspace.messages.findLast(
    ({ channel: place, threadTs, text, deleted }) =>
      place === channel.id && threadTs === null && !deleted && comparable(text) === comparable(first?.text ?? ''),
  );
  if (!begun) return `First press “${first?.title ?? inThreadOf}”: this one is asked by somebody else in its thread.`;
  const others = workspace.people.filter(({ id, kind }) => {
    return kind === 'member' && id !== begun.user && channel.members.includes(id);
  });
  const other = others.find(({ id }) => id === acting) ?? others[0];
  return other ? { as: other.id, channel: channel.id, threadTs: begun.ts } : `Nobody else is in #${home}.`;
}
