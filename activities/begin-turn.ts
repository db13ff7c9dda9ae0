import type { EffectiveAccess } from '../access/decision.ts';
import type { AccessIndex } from '../access/effective-access.ts';
import type { HeldConnection } from '../access/personal-access.ts';
import { lacksFirstLists, waitForFirstLists } from '../agent/mcp/first-lists.ts';
import { offerTools, wantOwnListings } from '../agent/mcp/turn-tools.ts';
import { askable } from '../agent/own-connection.ts';
import type { AgentActivities } from '../contracts/activities.ts';
import { isOlder } from '../contracts/fence.ts';
import { threadOf } from '../contracts/ids.ts';
import { actingPerson, ownerOf, type Person, scopeKind } from '../contracts/scope.ts';
import { type ChangeLog, noteChange } from '../contracts/state-changes.ts';
import { takeSnapshot } from '../store/access-snapshots.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { allowedUses } from '../store/own-uses.ts';
import { heldConnections } from '../store/personal-connections.ts';
import { personalSettingsOf } from '../store/personal-settings.ts';
import { createPolicyReader } from '../store/policy-reader.ts';
import { fixInstructions, getSession, setSessionState } from '../store/sessions.ts';
import { threadModelOf } from '../store/thread-models.ts';
import { advanceFence, inTurn, lockSession, openRun, stillRests, type TurnRef } from '../store/turn-fence.ts';
import { getTurn, insertTurn, runningTurnOf, turnOfFence } from '../store/turns.ts';
import { beginStatus } from '../store/working-status.ts';
import { endLeftTurn } from './end-turn.ts';
import { failure } from './failure.ts';
import { lowered } from './own-limits.ts';
import type { SessionSettings } from './settings.ts';

export interface BeginTurnDependencies {
  readonly database: Database;
  readonly settings: SessionSettings;
  /** Whether this attempt may take seconds. One inside a workflow task may not: a stop would wait for it. @default yes */
  readonly mayWait?: () => boolean;
  /** Gets a line for each change of a turn or session. */
  readonly log?: ChangeLog | undefined;
}

type Beginning = Pick<AgentActivities, 'openRun' | 'beginTurn' | 'resolveScopeAccess' | 'noteSession'>;

/** What happens to a session before and after its turns. */
export function createBeginning({ database, settings, log, mayWait = () => true }: BeginTurnDependencies): Beginning {
  const policy = createPolicyReader(database);

  /** What may be used of people's own connections when the turn begins: the person's who is acted as, or what its requester has allowed. */
  async function heldFor(
    turn: TurnRef & { readonly requester: string },
    acting: Person | null,
  ): Promise<readonly HeldConnection[]> {
    if (acting) return acting.person === turn.requester ? heldConnections(database, acting) : [];
    return allowedUses(database, turn);
  }

  return {
    openRun: ({ session, runId }) => openRun(database, session, runId),

    /**
     * Begins the next turn if somebody waits for one. It first ends a turn that an earlier asking left running. All of it is
     * one transaction under the session's lock:
     *
     * 1. The lock is taken. Another attempt to begin or end a turn of this session has committed, or it waits.
     * 2. The fence of this asking is compared with the session's. If it is lower, this attempt is late and returns null.
     *    Otherwise the session keeps this fence.
     * 3. If this asking has begun a turn already, an earlier attempt of it was here. Its turn is returned if it still runs,
     *    and null if it has ended.
     * 4. Otherwise a turn that runs was begun by a lower fence, because a higher one would have stopped this attempt at 2.
     *    Its workflow has ended or has gone on, so nobody else will end it. It is ended here.
     * 5. The next turn is begun, if a message waits for one.
     *
     * Therefore a late attempt ends only turns that are older than its own asking, and never a newer one.
     */
    async beginTurn(asking) {
      const { session, fence } = asking;
      let isNew = false;
      const begun = await inTransaction(database, async (db) => {
        const known = await lockSession(db, session);
        if (known === null || isOlder(fence, known.fence)) return null;
        await advanceFence(db, session, fence);
        const mine = await turnOfFence(db, session, fence);
        if (mine && mine.state !== 'running') return null;
        const left = mine ? null : await runningTurnOf(db, session);
        if (left) await endLeftTurn(db, { session, turn: left.number });
        const turn = mine ?? (await insertTurn(db, asking));
        if (!turn) return null;
        isNew = mine === null;
        const { number, requester } = turn;
        const { scope, principal } = known;
        if (isNew) {
          const words =
            scopeKind(scope) === 'channel' && actingPerson(principal) ? 'is working in your name…' : 'is working…';
          await beginStatus(db, { session, turn: number }, threadOf(session), words);
        }
        const owner = ownerOf(scope);
        const limits = owner ? lowered(settings.limits, await personalSettingsOf(db, owner)) : settings.limits;
        return { turn: number, requester, scope, principal, limits, rest: settings.rest };
      });
      if (begun && isNew) {
        noteChange(log, { of: 'turn', to: 'running', session, turn: begun.turn });
        noteChange(log, { of: 'session', to: 'working', session });
      }
      return begun;
    },

    /**
     * Computes what the turn's scope may reach and keeps it as the turn's snapshot. The record is for people and for the
     * model's prompt; the proxy decides each request by the policy of its moment.
     */
    async resolveScopeAccess({ session, turn, scope }) {
      const [{ principal }, { requester }] = await Promise.all([
        getSession(database, session),
        getTurn(database, session, turn),
      ]);
      const acting = actingPerson(principal);
      const held = await heldFor({ session, turn, requester }, acting);
      const index = await policy();
      const inPrivate = ownerOf(scope);
      const ownModel = inPrivate ? (await personalSettingsOf(database, inPrivate)).model : null;
      const usual = withOwnModel(index, index.effective(scope, held, principal), ownModel);
      const chosen = await threadModelOf(database, session);
      // What is not allowed here any more does not count any more.
      const access =
        chosen !== null && index.modelChoices(scope).includes(chosen) ? { ...usual, model: chosen } : usual;
      if (await lacksFirstLists(database, access)) {
        // The ordinary activity follows (workflows/local-first.ts).
        if (!mayWait()) throw new Error('an MCP server of this turn is being asked for its tools for the first time');
        await waitForFirstLists(database, access);
      }
      const snapshot = await inTurn(database, { session, turn }, async (db) => {
        const tools = await offerTools(db, access);
        const own = await askable(db, access, { session, requester });
        const id = await takeSnapshot(db, session, turn, access, own.length > 0 ? { ...tools, own } : tools);
        if (access.enabled) await wantOwnListings(db, access);
        if (access.enabled) await fixInstructions(db, session, turn, access.instructions);
        return id;
      });
      if (!access.enabled) throw failure('AccessDisabled', `${scope} is switched off`);
      const connections = access.rules.filter((rule) => rule.action === 'inject').length;
      return { snapshot, connections, domains: access.rules.length - connections };
    },

    /** Keeps the session's state where `bellhop status` reads it, also while Temporal is down. A late attempt changes nothing. */
    async noteSession({ session, fence, state }) {
      const changed = await inTransaction(database, async (db) => {
        if (!(await stillRests(db, session, fence))) return false;
        await setSessionState(db, session, state);
        return true;
      });
      if (changed) noteChange(log, { of: 'session', to: state, session });
    },
  };
}

/** A person's own choice counts among the models that the access file leaves to people. */
function withOwnModel(
  { models, peopleModels }: AccessIndex,
  access: EffectiveAccess,
  own: string | null,
): EffectiveAccess {
  const mayChoose = own !== null && peopleModels.includes(own) && models.some(({ name }) => name === own);
  return mayChoose ? { ...access, model: own } : access;
}
