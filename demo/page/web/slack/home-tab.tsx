import { useEffect, useState } from 'react';
import type { SlackPerson, SlackView } from '../../contract/slack.ts';
import { api } from '../api.ts';
import { Blocks } from './blocks.tsx';

export interface HomeTabProps {
  readonly acting: SlackPerson;
  /** What the agent shows this person; undefined while it has shown nothing. */
  readonly view: SlackView | undefined;
  readonly onError: (message: string) => void;
}

/** The agent's Home tab. To look at it is an event that the agent hears, as in Slack. */
export function HomeTab({ acting, view, onError }: HomeTabProps) {
  const { id } = acting;
  const [opened, setOpened] = useState<string | null>(null);
  useEffect(() => {
    api.openHome(id).then(
      () => setOpened(id),
      (error: Error) => onError(error.message),
    );
  }, [id, onError]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="pane__body home-tab" tabIndex={0} aria-label={`Bellhop’s Home tab for ${acting.realName}`}>
      {view ? (
        <Blocks
          blocks={view.blocks}
          fallback=""
          onPress={(press) => void api.pressAtHome({ as: id, ...press }).catch((e: Error) => onError(e.message))}
        />
      ) : (
        <p className="pane__empty">
          {opened === id ? 'Bellhop has not shown anything here yet.' : 'Opening the Home tab …'}
        </p>
      )}
    </section>
  );
}
