import { findKnownChannel, type KnownChannel } from '../../access/find-channel.ts';
import { channelScope, type ScopeKey } from '../../contracts/scope.ts';

export interface NamedScope {
  readonly scope: ScopeKey;
  /** The name for people: `#platform-eng`. */
  readonly label: string;
}

const SCOPE_KEY = /^(?:organization|workspace:[^:]+|(?:channel|group-dm|person):[^:]+:[^:]+)$/;

/**
 * Finds the scope that a text names: `#channel`, a channel's id, `organization`, or a whole key such as `person:T1:U1`.
 *
 * @throws Error that suggests channels with similar names
 */
export function findScope(text: string, channels: readonly KnownChannel[]): NamedScope {
  if (SCOPE_KEY.test(text)) return { scope: text as ScopeKey, label: text };
  const found = findKnownChannel(text, channels, null);
  if ('problem' in found) throw new Error(found.problem);
  const { team, id, name } = found.channel;
  return { scope: channelScope(team, id), label: `#${name}` };
}
