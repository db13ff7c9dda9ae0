import { useCallback, useEffect, useState } from 'react';

export interface Place {
  /** Id or name of a channel. */
  readonly channel: string;
  readonly threadTs: string | null;
  /** The Home tab of the agent, in its direct message. */
  readonly home: boolean;
}

/** In place of a thread in the address. */
export const HOME_TAB = 'home';

const START = 'platform-eng';

/** Where the reader is, kept in the address (`#C1/123.456`), so that reload and Back work. */
export function usePlace(): readonly [Place, (channel: string, threadTs: string | null) => void] {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const follow = () => setPlace(readPlace());
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  const go = useCallback((channel: string, threadTs: string | null) => {
    window.location.hash = threadTs ? `${channel}/${threadTs}` : channel;
  }, []);
  return [place, go];
}

function readPlace(): Place {
  const [channel = '', threadTs = ''] = window.location.hash.slice(1).split('/');
  const home = threadTs === HOME_TAB;
  return { channel: channel || START, threadTs: home ? null : threadTs || null, home };
}
