import { useEffect, useState } from 'react';
import type { SlackChannel, SlackWorkspace } from '../../contract/slack.ts';

/**
 * Whom the reader acts as. A direct message is one person's: whoever opens it, by a link or by Back, acts as that person.
 */
export function useActing(
  { people, app }: SlackWorkspace,
  channel: SlackChannel | undefined,
): readonly [string, (person: string) => void] {
  const [acting, setActing] = useState(() => people.find(({ kind }) => kind === 'member')?.id ?? '');
  const owner = channel?.kind === 'im' ? channel.members.find((member) => member !== app) : undefined;
  useEffect(() => {
    if (owner !== undefined) setActing(owner);
  }, [owner]);
  return [owner ?? acting, setActing];
}
