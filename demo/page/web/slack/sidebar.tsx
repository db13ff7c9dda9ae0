import './sidebar.css';
import type { SlackChannel, SlackPerson, SlackWorkspace } from '../../contract/slack.ts';

export interface SidebarProps {
  readonly workspace: SlackWorkspace;
  readonly acting: SlackPerson;
  readonly channel: string;
  readonly onChannel: (channel: string) => void;
  readonly onActing: (person: string) => void;
  readonly onDirect: () => void;
}

/** Channels and conversations of the person acted as, and whom to act as. */
export function Sidebar({ workspace, acting, channel, onChannel, onActing, onDirect }: SidebarProps) {
  const mine = workspace.channels.filter((each) => each.members.includes(acting.id) && !each.archived);
  const channels = mine.filter((each) => each.kind === 'public' || each.kind === 'private');
  const direct = mine.find((each) => each.kind === 'im');
  const groups = mine.filter((each) => each.kind === 'mpim');
  const item = (id: string, label: string, open: () => void = () => onChannel(id)) => (
    <li key={id}>
      <button
        type="button"
        className="sidebar__item"
        aria-current={id === channel ? 'page' : undefined}
        onClick={open}
        title={label}
      >
        {label}
      </button>
    </li>
  );
  return (
    <nav className="sidebar" aria-label="Channels and direct messages">
      <h3 className="sidebar__title">Channels</h3>
      <ul>{channels.map((each) => item(each.id, channelLabel(each)))}</ul>
      <h3 className="sidebar__title">Direct messages</h3>
      <ul>
        {item(direct?.id ?? 'direct', 'Bellhop', direct ? undefined : onDirect)}
        {groups.map((each) => item(each.id, groupLabel(each, workspace, acting.id)))}
      </ul>
      <label className="sidebar__acting">
        <span>Act as</span>
        <select value={acting.id} onChange={(event) => onActing(event.target.value)}>
          {workspace.people
            .filter((person) => person.kind !== 'bot')
            .map((person) => (
              <option key={person.id} value={person.id}>
                {person.realName}
                {person.kind === 'member' ? '' : ` (${person.kind})`}
              </option>
            ))}
        </select>
      </label>
    </nav>
  );
}

/** A channel by its name, a direct message by who is in it. */
export function conversationName(channel: SlackChannel, workspace: SlackWorkspace, acting: string): string {
  if (channel.kind === 'im') return 'Bellhop';
  if (channel.kind === 'mpim') return groupLabel(channel, workspace, acting);
  return channelLabel(channel);
}

function channelLabel({ name, kind }: SlackChannel): string {
  return `${kind === 'private' ? '◆ ' : '#'}${name}`;
}

function groupLabel({ members }: SlackChannel, { people }: SlackWorkspace, acting: string): string {
  return people
    .filter(({ id }) => members.includes(id) && id !== acting)
    .map(({ realName }) => realName.split(' ')[0])
    .join(', ');
}
