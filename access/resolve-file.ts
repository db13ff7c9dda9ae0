import { channelScope, type ScopeKey } from '../contracts/scope.ts';
import type { AccessFile, ChannelRef, FileTest, ScopeSection, WorkspaceSection } from './access-file.ts';
import { isChannelPattern, patternScope } from './channel-patterns.ts';
import type { AccessDocument, ScopeAccess } from './document.ts';
import { channelFinder, type KnownChannel } from './find-channel.ts';
import type { FileProblem } from './parse-file/problem.ts';
import type { PeopleAccess } from './people-access.ts';

/** A schedule as it is stored. Temporal's Schedules are made to match it. */
export interface DesiredSchedule {
  readonly name: string;
  readonly team: string;
  readonly channel: string;
  readonly cron: string;
  readonly timezone: string;
  readonly prompt: string;
  /** Null keeps an existing schedule as it is, and starts a new one running. */
  readonly paused: boolean | null;
}

export interface ResolvedFile {
  readonly scopes: readonly ScopeAccess[];
  readonly schedules: readonly DesiredSchedule[];
  readonly tests: readonly ResolvedTest[];
}

/** A test with the scope that it asks from. */
export interface ResolvedTest {
  readonly test: FileTest;
  readonly scope: ScopeKey;
}

/** Replaces the names in the file by Slack's ids. Returns every name that cannot be resolved as a problem. */
export function resolveFile(
  file: AccessFile,
  channels: readonly KnownChannel[],
): ResolvedFile | { readonly problems: FileProblem[] } {
  const problems: FileProblem[] = [];
  const team = file.workspaces.length === 1 ? (file.workspaces[0]?.team ?? null) : null;
  const find = channelFinder(channels, team);
  const channelOf = (ref: ChannelRef) => {
    const found = find(ref.text);
    if ('channel' in found) return found.channel;
    problems.push({ line: ref.line, field: ref.field, message: found.problem });
    return null;
  };

  const scopes = [
    scopeAccess('organization', 'organization', file.organization),
    ...file.workspaces.flatMap((section) => workspaceScope(section, file, channels, problems)),
  ];
  const labels = new Map<ScopeKey, string>();
  for (const section of file.channels) {
    const channel = channelOf(section.channel);
    if (!channel) continue;
    const scope = channelScope(channel.team, channel.id);
    const other = labels.get(scope);
    if (other) {
      const { line, field, text } = section.channel;
      problems.push({ line, field, message: `${text} is the same channel as ${other} above` });
    } else {
      const label = channel.name === channel.id ? channel.id : `#${channel.name}`;
      labels.set(scope, label);
      scopes.push(scopeAccess(scope, label, section));
    }
  }
  const schedules = desiredSchedules(file, channelOf);
  const tests = file.tests.flatMap((test): ResolvedTest[] => {
    if (test.from.text === 'organization') return [{ test, scope: 'organization' }];
    if (isChannelPattern(test.from.text)) return testOfPattern(test, file, problems);
    const channel = channelOf(test.from);
    return channel ? [{ test, scope: channelScope(channel.team, channel.id) }] : [];
  });
  return problems.length > 0 ? { problems } : { scopes, schedules, tests };
}

/** The document that a file stands for, but for what only the one who applies it can know. */
export function documentOf(
  { bundles, guardrails, repositoryGuardrails, toolGuardrails, patterns, environments = [], people }: AccessFile,
  { scopes }: Pick<ResolvedFile, 'scopes'>,
  known: Pick<AccessDocument, 'version' | 'connections' | 'models' | 'mirrors'>,
): AccessDocument {
  return {
    ...known,
    bundles,
    guardrails,
    repositoryGuardrails,
    toolGuardrails,
    scopes,
    patterns,
    environments,
    ...(people && { people: withAuthorities(people, known.connections) }),
  };
}

/** The server of a connection is known by the same authorities when it is offered to people. */
function withAuthorities(people: PeopleAccess, connections: AccessDocument['connections']): PeopleAccess {
  const offers = people.offers.map((offer) => {
    const { mcp } = offer.connection;
    const same = connections.find(({ id, mcp: other }) => id === offer.name && mcp && other?.url === mcp.url);
    return same ? { ...offer, connection: { ...offer.connection, ca: same.ca } } : offer;
  });
  return { ...people, offers };
}

/** A test from a pattern asks as each channel that is confirmed for it. */
function testOfPattern(test: FileTest, { patterns }: AccessFile, problems: FileProblem[]): ResolvedTest[] {
  const { text, line, field } = test.from;
  const found = patterns.find(({ pattern }) => pattern === text);
  if (found) return [{ test, scope: patternScope(found.pattern) }];
  problems.push({ line, field, message: `channels has no pattern ${text}` });
  return [];
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

/** The scope of a workspace: the one whose id the file gives, or the only known workspace. */
function workspaceScope(
  section: WorkspaceSection,
  { workspaces }: AccessFile,
  channels: readonly KnownChannel[],
  problems: FileProblem[],
): ScopeAccess[] {
  const teams = [...new Set(channels.map((channel) => channel.team))];
  const team = section.team ?? (teams.length === 1 ? teams[0] : undefined);
  const label = workspaces.length === 1 ? 'workspace' : `workspace ${team}`;
  if (team !== undefined) return [scopeAccess(`workspace:${team}`, label, section)];
  const known = teams.length === 0 ? 'none is known yet' : `known are ${teams.join(', ')}`;
  const { line, field } = section;
  problems.push({ line, field, message: `say which workspace by its id; ${known}` });
  return [];
}

function scopeAccess(scope: ScopeKey, label: string, section: ScopeSection): ScopeAccess {
  const {
    enabled,
    bundles,
    instructions,
    environment,
    model,
    models,
    listen,
    directMessages,
    groupMessages,
    guests,
    sharedChannels,
    identity,
    personal,
    others,
  } = section;
  return {
    scope,
    label,
    enabled,
    bundles,
    instructions,
    ...(environment !== undefined && { environment }),
    ...(model !== undefined && { model }),
    ...(models !== undefined && { models }),
    ...(listen !== undefined && { listen }),
    ...(directMessages !== undefined && { directMessages }),
    ...(groupMessages !== undefined && { groupMessages }),
    ...(guests !== undefined && { guests }),
    ...(sharedChannels !== undefined && { sharedChannels }),
    ...(identity !== undefined && { identity }),
    ...(personal !== undefined && { personal }),
    ...(others !== undefined && { others }),
  };
}
