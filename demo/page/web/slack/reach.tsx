import { useEffect, useState } from 'react';
import { channelScope, personScope, type ScopeKey } from '../../../../contracts/scope.ts';
import type { PageInfo } from '../../contract/page.ts';
import type { SlackChannel, SlackPerson, SlackView } from '../../contract/slack.ts';
import type { AccessView } from '../../contract/thread.ts';
import { api } from '../api.ts';
import { useDirectory } from '../text/directory.ts';
import { identityInWords, reachInWords } from './reach-in-words.ts';

export interface ReachProps {
  readonly team: string;
  readonly channel: SlackChannel;
  /** The person acted as, whose own access a direct message has. */
  readonly acting: SlackPerson;
  /** Sent again at each change of the set-up, which may have applied an access file. */
  readonly info: PageInfo | null;
  /** Shown anew when what the person has connected changed. */
  readonly home: SlackView | undefined;
}

/** One line under a channel's name: what Bellhop can reach from here, by the access file of now. */
export function Reach({ team, channel, acting, info, home }: ReachProps) {
  const directory = useDirectory();
  const access = useAccess(scopeOf(team, channel, acting.id), personScope(team, acting.id), info, home);
  if (!access) return null;
  const whole = access.rules.map(({ action, covers, origin }) => `${action} ${covers} ← ${origin}`).join('\n');
  return (
    <p className="slack__reach" title={whole}>
      <strong>{identityInWords(access.identity, directory.person)}</strong> {reachInWords(access)}
    </p>
  );
}

/** Loaded again when a person comes back to the page, for example after editing the file. */
function useAccess(
  scope: ScopeKey,
  asker: ScopeKey,
  info: PageInfo | null,
  home: SlackView | undefined,
): AccessView | null {
  const [known, setKnown] = useState<AccessView | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `info` and `home` tell that something has changed
  useEffect(() => {
    let over = false;
    const ask = () =>
      void api.reach(scope, asker).then(
        ({ access }) => over || setKnown(access),
        () => undefined,
      );
    ask();
    window.addEventListener('focus', ask);
    return () => {
      over = true;
      window.removeEventListener('focus', ask);
    };
  }, [scope, asker, info, home]);
  return known?.scope === scope ? known : null;
}

function scopeOf(team: string, { id, kind }: SlackChannel, acting: string): ScopeKey {
  return kind === 'im' ? personScope(team, acting) : channelScope(team, id);
}
