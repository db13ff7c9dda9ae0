import { type KeyboardEvent, useRef, useState } from 'react';
import type { SlackReaction } from '../../contract/slack.ts';
import { useDirectory } from '../text/directory.ts';
import { emojiOf, PICKABLE } from '../text/emoji.ts';

export interface ReactionsProps {
  readonly reactions: readonly SlackReaction[];
  /** The person acted as. */
  readonly acting: string;
  readonly onToggle: (name: string, remove: boolean) => void;
}

/** The reactions of a message. A person takes back a reaction of their own by pressing it again. */
export function Reactions({ reactions, acting, onToggle }: ReactionsProps) {
  const names = useDirectory();
  if (reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label="Reactions">
      {reactions.map(({ name, users }) => {
        const mine = users.includes(acting);
        const who = users.map((user) => names.person(user)).join(', ');
        return (
          <li key={name}>
            <button
              type="button"
              className="reaction"
              aria-pressed={mine}
              aria-label={`${name}, ${users.length}: ${who}`}
              title={`:${name}: ${who}`}
              onClick={() => onToggle(name, mine)}
            >
              <span aria-hidden="true">{emojiOf(name)}</span> {users.length}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** A button that unfolds a few emoji. The focus goes back to it, and with it the reader's place. */
export function ReactionPicker({ onPick }: { readonly onPick: (name: string) => void }) {
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  function close(): void {
    setOpen(false);
    opener.current?.focus();
  }
  const closeByEscape = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close();
  };
  return (
    <>
      <button
        ref={opener}
        type="button"
        className="button button--plain"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        onKeyDown={closeByEscape}
      >
        React
      </button>
      {open &&
        PICKABLE.map((name) => (
          <button
            key={name}
            type="button"
            className="button button--plain"
            aria-label={`React with ${name}`}
            onKeyDown={closeByEscape}
            onClick={() => {
              close();
              onPick(name);
            }}
          >
            {emojiOf(name)}
          </button>
        ))}
    </>
  );
}
