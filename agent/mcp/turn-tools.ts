import type { EffectiveAccess, EffectiveServer } from '../../access/decision.ts';
import { judgeToolCall, lacking } from '../../access/mcp/judge-tool.ts';
import { wireName } from '../../access/mcp/wire-name.ts';
import { serverName } from '../../access/personal-access.ts';
import { NO_TOOLS, type OfferedTool, type TurnTools } from '../../contracts/mcp.ts';
import { turnToolsOf } from '../../store/access-snapshots.ts';
import type { Queryable } from '../../store/database.ts';
import { definitionsOf, type KnownServer, knownServers, OF_THE_FILE } from '../../store/mcp-servers.ts';
import { wantListing } from '../../store/own-servers.ts';
import type { TurnRef } from '../../store/turn-fence.ts';
import { createOwnConnectionTool } from '../own-connection.ts';
import type { ToolRegistry } from '../tools/registry.ts';
import { commandNotes, commandsOf, startedTools, startTool } from './command-servers.ts';
import { createMcpTool, howToRenew } from './mcp-tool.ts';

/** OpenAI's servers refuse a request with more tools (platform.openai.com, "tools"). */
const MOST_TOOLS = 128;
/** Of these, the part that is left to the tools which every turn has, and to those that start servers and offer own connections. */
export const OWN_ROOM = 28;
/** Every definition is sent with each model call. */
const MAX_OFFERED = MOST_TOOLS - OWN_ROOM;
const MOST_NAMED = 20;
const MAX_BYTES = 200 * 1024;

/**
 * The tools of MCP servers that a turn is offered: those that its scope may call, in a definition that is approved. They stay
 * the same for the whole turn. When a server could not be asked lately, its tools are those that are known from before. When none
 * are known, the model is told so.
 */
export async function offerTools(db: Queryable, access: EffectiveAccess): Promise<TurnTools> {
  const { servers } = access;
  const commands = commandsOf(access);
  if (servers.length + commands.length === 0 || !access.enabled) return NO_TOOLS;
  const known = await knownOf(db, servers);
  const offered: OfferedTool[] = [];
  const notes: string[] = [];
  const taken = new Set<string>();
  let bytes = 0;
  for (const { connection } of servers) {
    const server = known.get(connection.id);
    const waiting: string[] = [];
    const left: string[] = [];
    for (const { name, digest, problem, state, readOnly, bytes: size } of server?.tools ?? []) {
      const decision = judgeToolCall({ server: connection.id, tool: name }, access);
      if (decision.outcome === 'blocked') continue;
      const asks = decision.needs === 'approval';
      if (lacking(decision.needs, { readOnly, approved: asks }, name) !== null) continue;
      const wire = wireName(connection.id, name);
      // Of a channel's server and a person's own of one name, the nearer one counts.
      if (problem !== null || wire === null || taken.has(wire)) continue;
      if (state !== 'approved') waiting.push(name);
      else if (offered.length === MAX_OFFERED || bytes + size > MAX_BYTES) left.push(name);
      else {
        const { owner } = connection;
        taken.add(wire);
        offered.push({ server: connection.id, name, digest, ...(owner && { owner }), ...(asks && { asks }) });
        bytes += size;
      }
    }
    notes.push(...notesOn(connection, server, waiting.length, left));
  }
  return { offered, notes: [...notes, ...commandNotes(commands)], ...(commands.length > 0 && { commands }) };
}

/** By their connections. Each owner's are looked up apart. */
async function knownOf(db: Queryable, servers: readonly EffectiveServer[]): Promise<ReadonlyMap<string, KnownServer>> {
  const known = new Map<string, KnownServer>();
  for (const owner of new Set(servers.map(({ connection }) => connection.owner ?? OF_THE_FILE))) {
    const theirs = servers.filter(({ connection }) => (connection.owner ?? OF_THE_FILE) === owner);
    const ids = theirs.map(({ connection }) => connection.id);
    for (const each of await knownServers(db, ids, owner)) known.set(each.connection, each);
  }
  return known;
}

/** Says that the lists of a person's servers are wanted anew, for the next turn. */
export async function wantOwnListings(db: Queryable, { servers }: EffectiveAccess): Promise<void> {
  for (const { connection, url } of servers) {
    if (connection.owner !== undefined)
      await wantListing(db, { owner: connection.owner, connection: connection.id, url });
  }
}

/** What went wrong is not told, because it may be in the words of the server. `connections show` has it. */
function notesOn(
  { id: connection, owner }: EffectiveServer['connection'],
  server: KnownServer | undefined,
  waiting: number,
  left: readonly string[],
): string[] {
  const notes: string[] = [];
  const id = serverName(connection);
  const trouble = server?.isRefused
    ? `It does not accept the credential. ${howToRenew(id, owner)}`
    : 'It could not be reached lately.';
  if (!server?.listedAt) {
    const why = server?.problem ? trouble : 'It was not asked yet.';
    notes.push(`${id}: its tools are not known. ${why} Where they are needed, say so in your answer.`);
  } else if (server.problem) {
    notes.push(`${id}: its tools are those from before. ${trouble}`);
  }
  if (waiting > 0) {
    notes.push(`${id}: ${waiting} of its tools are new or changed, and wait until an administrator has approved them.`);
  }
  if (left.length > 0) {
    const names = left.slice(0, MOST_NAMED).join(', ');
    const more = left.length > MOST_NAMED ? ` and ${left.length - MOST_NAMED} more` : '';
    notes.push(
      `${id}: ${left.length} of its tools are left out, because a turn has room for no more: ${names}${more}. Where one is needed, say so in your answer.`,
    );
  }
  return notes;
}

/** All tools of a turn: those that every turn has, and those of MCP servers. */
export async function turnRegistry(
  db: Queryable,
  tools: ToolRegistry,
  { session, turn }: TurnRef,
): Promise<ToolRegistry> {
  const { offered, notes, commands = [], own = [] } = await turnToolsOf(db, session, turn);
  const fixed = await definitionsOf(db, offered);
  const bytes = fixed.reduce((sum, each) => sum + each.bytes, 0);
  const room = { tools: MAX_OFFERED - offered.length, bytes: MAX_BYTES - bytes };
  const look = () => startedTools(db, session, commands, room);
  const started = await look();
  const defined = [...fixed, ...(await definitionsOf(db, started.offered))];
  const more = [...startTool(commands, started, look), ...defined.flatMap((each) => createMcpTool(each) ?? [])];
  if (own.length > 0) more.push(createOwnConnectionTool(own));
  return more.length + notes.length === 0 ? tools : tools.with(more, notes);
}
