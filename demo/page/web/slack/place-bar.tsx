import type { RefObject } from 'react';
import type { SlackChannel, SlackPerson } from '../../contract/slack.ts';
import { HOME_TAB } from '../live/use-place.ts';

export interface PlaceBarProps {
  readonly channel: SlackChannel;
  readonly name: string;
  /** User id of the agent. */
  readonly app: string;
  readonly acting: SlackPerson;
  readonly openThread: string | null;
  readonly home: boolean;
  readonly heading: RefObject<HTMLHeadingElement | null>;
  readonly onPlace: (channel: string, threadTs: string | null) => void;
}

/** Where the reader is, the way back from a thread, and the two sides of the agent's direct message. */
export function PlaceBar({ channel, name, app, acting, openThread, home, heading, onPlace }: PlaceBarProps) {
  const tab = (label: string, target: string | null, isHere: boolean) => (
    <button
      type="button"
      className="button button--plain"
      aria-current={isHere ? 'page' : undefined}
      onClick={() => onPlace(channel.id, target)}
    >
      {label}
    </button>
  );
  return (
    <div className="slack__place">
      {openThread && (
        <button type="button" className="button button--plain" onClick={() => onPlace(channel.id, null)}>
          ← {name}
        </button>
      )}
      <h3 ref={heading} tabIndex={-1}>
        {openThread ? 'Thread' : name}
      </h3>
      {membership(channel, app, acting)}
      <span className="slack__topic">{openThread ? '' : channel.topic}</span>
      {channel.kind === 'im' && !openThread && (
        <nav className="slack__tabs" aria-label="Bellhop">
          {tab('Home', HOME_TAB, home)}
          {tab('Messages', null, !home)}
        </nav>
      )}
    </div>
  );
}

/** Says before somebody writes that Slack will refuse it, or that Bellhop will not hear it. */
function membership({ kind, members }: SlackChannel, app: string, acting: SlackPerson) {
  if (kind === 'im') return null;
  const missing = [
    ...(members.includes(acting.id) ? [] : [acting.realName]),
    ...(members.includes(app) ? [] : ['Bellhop']),
  ];
  if (missing.length === 0) return null;
  return <span className="tag">{missing.join(' and ')}: not a member</span>;
}
