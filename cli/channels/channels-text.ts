import pc from 'picocolors';
import { columns } from '../../access/columns.ts';
import type { MatchingChannel } from './judge-channel.ts';

/** The output of `bellhop channels list`. */
export function channelsText(channels: readonly MatchingChannel[]): string {
  if (channels.length === 0) return 'No channel that Bellhop knows matches a pattern of the access file.';
  const rows = channels.map(({ state, name, channel, pattern, decidedBy, inDoubt }) => [
    state === 'waiting' ? pc.yellow(state) : state,
    `#${name}`,
    channel,
    pattern,
    [
      decidedBy && `by ${decidedBy}`,
      inDoubt && 'changed in Slack: does not count until its name is read again',
      oddness(name),
    ]
      .filter(Boolean)
      .join('; '),
  ]);
  return columns(rows);
}

/** Letters of other scripts can look like Latin ones. */
function oddness(name: string): string {
  return /^[a-z0-9_-]*$/.test(name)
    ? ''
    : `has letters beyond a–z: ${JSON.stringify(name).replace(/[^\x20-\x7e]/g, escaped)}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
