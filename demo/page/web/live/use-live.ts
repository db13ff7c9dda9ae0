import { useEffect, useState } from 'react';
import type { SetupState } from '../../../../contracts/setup-state.ts';
import type { LiveEventName, LiveEvents, PageInfo } from '../../contract/page.ts';
import type { SlackWorkspace } from '../../contract/slack.ts';
import type { ThreadView } from '../../contract/thread.ts';
import { withChange } from '../../contract/workspace-changes.ts';

export interface Live {
  /** False while the page's own server does not answer. */
  readonly online: boolean;
  readonly setup: SetupState | null;
  readonly info: PageInfo | null;
  readonly workspace: SlackWorkspace | null;
  /** Null until the first answer about the selected thread, and while the database is away. */
  readonly thread: ThreadView | null;
}

const NOTHING: Live = { online: true, setup: null, info: null, workspace: null, thread: null };

type Handlers = { readonly [Name in LiveEventName]: (live: Live, data: LiveEvents[Name]) => Live };

const HANDLERS: Handlers = {
  setup: (live, setup) => ({ ...live, setup }),
  info: (live, info) => ({ ...live, info }),
  workspace: (live, workspace) => ({ ...live, workspace }),
  slack: (live, change) => ({ ...live, workspace: live.workspace && withChange(live.workspace, change) }),
  thread: (live, thread) => ({ ...live, thread }),
};

/**
 * Everything the server pushes, kept up to date.
 * @param session the thread that is watched; null for none
 */
export function useLive(session: string | null): Live {
  const [live, setLive] = useState<Live>(NOTHING);

  useEffect(() => {
    const source = new EventSource(session ? `/api/live?${new URLSearchParams({ session })}` : '/api/live');
    source.onopen = () => setLive((now) => ({ ...now, online: true }));
    source.onerror = () => setLive((now) => ({ ...now, online: false }));
    for (const name of Object.keys(HANDLERS) as LiveEventName[]) listen(source, name);
    return () => source.close();

    function listen<Name extends LiveEventName>(from: EventSource, name: Name): void {
      from.addEventListener(name, (event) => {
        const data = JSON.parse((event as MessageEvent<string>).data) as LiveEvents[Name];
        setLive((now) => HANDLERS[name](now, data));
      });
    }
  }, [session]);

  // What belongs to another thread is not shown while its own is on the way.
  return live.thread && live.thread.session !== session ? { ...live, thread: null } : live;
}
