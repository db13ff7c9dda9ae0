import { channelScope, type ScopeKey } from '../contracts/scope.ts';
import type { AccessFile, ChannelRef, ScopeSection } from './access-file.ts';
import type { ScopeAccess } from './document.ts';
import { findKnownChannel, type KnownChannel } from './find-channel.ts';
import type { FileProblem } from './parse-file/problem.ts';

/** A schedule as it is stored, and as Temporal's Schedules are made to be. */
export interface DesiredSchedule {
  readonly name: string;
  readonly team: string;
  readonly channel: string;
  readonly cron: string;
  readonly timezone: string;
  readonly prompt: string;
  /** Null: as it is, and running when it is new. */
  readonly paused: boolean | null;
}

export interface ResolvedFile {
  readonly scopes: readonly ScopeAccess[];
  readonly schedules: readonly DesiredSchedule[];
}

/** Puts Slack's ids in the place of the names in the file. */
export function resolveFile(
  file: AccessFile,
  channels: readonly KnownChannel[],
): ResolvedFile | { readonly problems: FileProblem[] } {
  const problems: FileProblem[] = [];
  const team = file.workspace?.team ?? null;
  const channelOf = (ref: ChannelRef) => {
    const found = findKnownChannel(ref.text, channels, team);
    if ('channel' in found) return found.channel;
    problems.push({ line: ref.line, field: ref.field, message: found.problem });
    return null;
  };

  const scopes = [
    scopeAccess('organization', 'organization', file.organization),
    ...workspaceScope(file, channels, problems),
  ];
  for (const section of file.channels) {
    const channel = channelOf(section.channel);
    if (!channel) continue;
    const scope = channelScope(channel.team, channel.id);
    const other = scopes.find((each) => each.scope === scope);
    if (other) {
      const { line, field, text } = section.channel;
      problems.push({ line, field, message: `${text} is the same channel as ${other.label} above` });
    } else {
      scopes.push(scopeAccess(scope, channel.name === channel.id ? channel.id : `#${channel.name}`, section));
    }
  }
  const schedules = desiredSchedules(file, channelOf);
  return problems.length > 0 ? { problems } : { scopes, schedules };
}

function desiredSchedules(
  file: AccessFile,
  channelOf: (ref: ChannelRef) => { readonly team: string; readonly id: string } | null,
): DesiredSchedule[] {
  return file.schedules.flatMap(({ channel: ref, ...schedule }) => {
    const channel = channelOf(ref);
    return channel ? [{ ...schedule, team: channel.team, channel: channel.id }] : [];
  });
}

/** The workspace that the file means: the one it names, or the only one that is known. */
function workspaceScope(file: AccessFile, channels: readonly KnownChannel[], problems: FileProblem[]): ScopeAccess[] {
  if (!file.workspace) return [];
  const teams = [...new Set(channels.map((channel) => channel.team))];
  const team = file.workspace.team ?? (teams.length === 1 ? teams[0] : undefined);
  if (team !== undefined) return [scopeAccess(`workspace:${team}`, 'workspace', file.workspace)];
  const known = teams.length === 0 ? 'none is known yet' : `known are ${teams.join(', ')}`;
  problems.push({ line: file.workspace.line, field: 'workspace', message: `say which workspace by its id; ${known}` });
  return [];
}

function scopeAccess(scope: ScopeKey, label: string, { enabled, bundles, instructions }: ScopeSection): ScopeAccess {
  return { scope, label, enabled, bundles, instructions };
}
