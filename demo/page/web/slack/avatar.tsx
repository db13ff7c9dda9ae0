import './avatar.css';
import type { SlackPerson } from '../../contract/slack.ts';

const HUES = [12, 88, 152, 205, 262, 322];

/** Initials on a colour of the person's own; a bell for the agent. */
export function Avatar({ person, agent }: { readonly person: SlackPerson | undefined; readonly agent: boolean }) {
  if (agent) {
    return (
      <span className="avatar avatar--agent" aria-hidden="true">
        <Bell />
      </span>
    );
  }
  const name = person?.realName ?? '?';
  const hue = HUES[[...(person?.id ?? '')].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % HUES.length];
  return (
    <span className="avatar" data-hue={hue} aria-hidden="true">
      {name
        .split(' ')
        .slice(0, 2)
        .map((word) => word[0])
        .join('')}
    </span>
  );
}

export function Bell() {
  return (
    <svg width="18" height="18" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
      <path
        d="M12 8V5.5M10 5h4M4.5 16a7.5 7.5 0 0 1 15 0ZM3 19.5h18"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
