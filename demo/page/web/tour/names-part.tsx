import type { SlackPerson } from '../../contract/slack.ts';
import { AcmePulls } from './acme-pulls.tsx';
import { AcmeToken } from './acme-token.tsx';

export interface NamesPartProps {
  readonly acting: SlackPerson;
  /** Another value when there may be a new pull request. */
  readonly stamp: string;
  readonly onHome: () => void;
}

/** Before the buttons of the second part: how a person connects something, and who opened which pull request. */
export function NamesPart({ acting, stamp, onHome }: NamesPartProps) {
  return (
    <>
      <p className="tour__intro">
        In a channel Bellhop is itself. In a direct message it is you, with what you have connected yourself. Get a
        token of yours, then connect it in{' '}
        <button type="button" className="button button--plain button--ask tour__link" onClick={onHome}>
          Bellhop’s Home tab
        </button>
      </p>
      <AcmeToken person={acting} forms={['login', 'token']} />
      <AcmePulls stamp={stamp} />
    </>
  );
}
