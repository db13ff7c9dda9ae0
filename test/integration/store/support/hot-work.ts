import { randomUUID } from 'node:crypto';
import { EMPTY_DOCUMENT } from '../../../../access/document.ts';
import { effectiveAccess } from '../../../../access/effective-access.ts';
import * as accessSnapshots from '../../../../store/access-snapshots.ts';
import * as grantPlaces from '../../../../store/grant-places.ts';
import * as howHeard from '../../../../store/how-heard.ts';
import * as modelUsage from '../../../../store/model-usage.ts';
import * as overview from '../../../../store/overview.ts';
import * as places from '../../../../store/places.ts';
import * as placesInLine from '../../../../store/places-in-line.ts';
import * as runners from '../../../../store/runners.ts';
import * as sandboxes from '../../../../store/sandboxes.ts';
import * as schedules from '../../../../store/schedules.ts';
import * as sessions from '../../../../store/sessions.ts';
import * as signals from '../../../../store/signals.ts';
import * as silentTurns from '../../../../store/silent-turns.ts';
import * as steps from '../../../../store/steps.ts';
import * as threadView from '../../../../store/thread-view.ts';
import * as transcript from '../../../../store/transcript.ts';
import * as turnFence from '../../../../store/turn-fence.ts';
import * as turns from '../../../../store/turns.ts';
import { at, busy, type Call, fence, OLD, RESTED, WAITING, WORKING } from './hot-inputs.ts';
import { BUSY, BUSY_SANDBOX, BUSY_TURN } from './seed-million.ts';

const toolEnd = { state: 'done', exitCode: 0, truncated: false, output: 'x', text: 'x', tokens: 1 } as const;

/** Calls of sessions, turns, steps, sandboxes and places. */
export const WORK_CALLS: Readonly<Record<string, Call>> = {
  'access-snapshots.takeSnapshot': (db) =>
    accessSnapshots.takeSnapshot(db, BUSY, BUSY_TURN + 1, effectiveAccess(EMPTY_DOCUMENT, 'organization')),
  'access-snapshots.snapshotOf': (db) => accessSnapshots.snapshotOf(db, BUSY, BUSY_TURN),
  'how-heard.howHeard': (db) => howHeard.howHeard(db, BUSY),
  'access-snapshots.modelNameOf': (db) => accessSnapshots.modelNameOf(db, BUSY, BUSY_TURN),
  'access-snapshots.turnToolsOf': (db) => accessSnapshots.turnToolsOf(db, BUSY, BUSY_TURN),
  'model-usage.recordUsage': (db) =>
    modelUsage.recordUsage(db, {
      ...at(21),
      model: 'm',
      inputTokens: 1,
      outputTokens: 1,
      cost: { currency: 'USD', amount: 0.01 },
    } as modelUsage.UsageRecord),
  'sessions.giveSessionTo': (db) => sessions.giveSessionTo(db, BUSY, 'U1'),
  'steps.uncountAttempt': (db) => steps.uncountAttempt(db, at(20)),
  'model-usage.modelUse': async (db) => {
    await modelUsage.modelUse(db, BUSY, BUSY_TURN);
    await modelUsage.modelUse(db, BUSY, null);
  },
  'model-usage.turnSpending': (db) => modelUsage.turnSpending(db, BUSY, BUSY_TURN),
  'overview.overview': (db) => overview.overview(db),
  'overview.allRunners': (db) => overview.allRunners(db),
  'places.askForPlace': async (db) => {
    await places.askForPlace(db, { session: WAITING, turn: 1, needed: true });
    await places.askForPlace(db, { ...busy, needed: true });
  },
  'places.withdrawPlace': (db) => places.withdrawPlace(db, WAITING, 1),
  'grant-places.grantPlaces': (db) => grantPlaces.grantPlaces(db),
  'grant-places.takeUntold': async (db) => {
    await grantPlaces.grantPlaces(db);
    await grantPlaces.takeUntold(db, 50);
  },
  'places-in-line.unsaidInLine': (db) => placesInLine.unsaidInLine(db, 50),
  'places-in-line.noteSaid': (db) => placesInLine.noteSaid(db, { session: WAITING, turn: 1, home: null, nth: 1 }),
  'places.hasPlaceRequests': (db) => places.hasPlaceRequests(db),
  'places.placesOverview': (db) => places.placesOverview(db),
  'runners.beat': (db) => runners.beat(db, { id: 'r1', capacity: 60, runtime: 'runc', lacks: [] }),
  'runners.liveRunners': (db) => runners.liveRunners(db),
  'sandboxes.sandboxById': (db) => sandboxes.sandboxById(db, 'sb400000'),
  'sandboxes.holdsPlace': (db) => sandboxes.holdsPlace(db, BUSY_SANDBOX, BUSY_TURN),
  'sandboxes.countHeld': (db) => sandboxes.countHeld(db, 'r1'),
  'sandboxes.restedLongest': (db) => sandboxes.restedLongest(db, 'r1', 6),
  'sandboxes.claimRested': (db) => sandboxes.claimRested(db, 'sb999850'),
  'sandboxes.noteRest': (db) => sandboxes.noteRest(db, 'sb999950', 'paused'),
  'sandboxes.setSandboxState': (db) => sandboxes.setSandboxState(db, BUSY_SANDBOX, 'running'),
  'sandboxes.noteSettled': (db) => sandboxes.noteSettled(db, BUSY_SANDBOX, BUSY_TURN),
  'sandboxes.isToForget': (db) => sandboxes.isToForget(db, BUSY_SANDBOX, BUSY_TURN),
  'sandboxes.noteForgotten': (db) => sandboxes.noteForgotten(db, BUSY_SANDBOX, BUSY_TURN),
  'sandboxes.isSettled': (db) => sandboxes.isSettled(db, BUSY_SANDBOX, BUSY_TURN),
  'sandboxes.setIncarnation': (db) => sandboxes.setIncarnation(db, BUSY_SANDBOX, 'i'),
  'sandboxes.incarnationOfStep': (db) => sandboxes.incarnationOfStep(db, BUSY_SANDBOX, at(20)),
  'sandboxes.forgetIncarnationOfStep': (db) => sandboxes.forgetIncarnationOfStep(db, at(20)),
  'sandboxes.heldBy': (db) => sandboxes.heldBy(db, 'r1'),
  'sandboxes.sandboxesById': (db) => sandboxes.sandboxesById(db, 'r1', [BUSY_SANDBOX, 'sb999901', 'sb500001']),
  'sandboxes.correctHeld': (db) => sandboxes.correctHeld(db, 'r1', [BUSY_SANDBOX]),
  'sandboxes.freeForgottenPlaces': async (db) => {
    await db.query("update turn set state = 'failed', ended_at = now() - interval '1 hour' where session = $1", [
      WORKING,
    ]);
    await sandboxes.freeForgottenPlaces(db, 'r2');
  },
  'sandboxes.claimForReaper': (db) => sandboxes.claimForReaper(db, 'sb999850'),
  'sandboxes.noteReaped': async (db) => {
    await sandboxes.claimForReaper(db, 'sb999850');
    await sandboxes.noteReaped(db, 'sb999850');
  },
  'sandboxes.expiredWorkspaces': (db) => sandboxes.expiredWorkspaces(db, 'r1', 40 * 24),
  'sandboxes.forgetExpiredWorkspace': (db) => sandboxes.forgetExpiredWorkspace(db, 'sb900001', 720),
  'schedules.listSchedules': (db) => schedules.listSchedules(db),
  'schedules.schedulesIn': (db) => schedules.schedulesIn(db, 'T1', 'C77'),
  'schedules.openSchedules': (db) => schedules.openSchedules(db, 'T1', { own: ['C1'], most: 10 }),
  'schedules.findSchedule': (db) => schedules.findSchedule(db, 's1'),
  'schedules.openingMessage': (db) => schedules.openingMessage(db, `${OLD}/1/answer`),
  'schedules.withdrawOpening': (db) => schedules.withdrawOpening(db, `${OLD}/1/answer`),
  'schedules.endingOf': (db) => schedules.endingOf(db, OLD, 'Ev400000'),
  'sessions.ensureSession': async (db) => {
    const made = { scope: 'channel:T1:C77', principal: 'agent@channel:T1:C77', permalink: null } as const;
    await sessions.ensureSession(db, { id: OLD, ...made });
    await sessions.ensureSession(db, { id: 'slack:T1:C77:1234567890.000100', ...made });
  },
  'sessions.findSession': (db) => sessions.findSession(db, OLD),
  'sessions.getSession': (db) => sessions.getSession(db, OLD),
  'sessions.noteHeard': (db) => sessions.noteHeard(db, BUSY, 'U1'),
  'sessions.hasSession': (db) => sessions.hasSession(db, OLD),
  'sessions.setSessionState': (db) => sessions.setSessionState(db, RESTED, 'closed'),
  'sessions.fixInstructions': (db) => sessions.fixInstructions(db, RESTED, 1, [{ origin: 'o', text: 't' }]),
  'signals.inboxWaiting': (db) => signals.inboxWaiting(db),
  'signals.slackTokens': (db) => signals.slackTokens(db),
  'signals.turnsRunning': (db) => signals.turnsRunning(db),
  'signals.placesWaiting': (db) => signals.placesWaiting(db),
  'signals.runnerSilences': (db) => signals.runnerSilences(db),
  'signals.sandboxStates': (db) => signals.sandboxStates(db, 'r1'),
  'silent-turns.silentTurns': (db) => silentTurns.silentTurns(db, 30_000, 100),
  'silent-turns.leftSessions': (db) => silentTurns.leftSessions(db, 30_000, 20),
  'silent-turns.signalAgain': (db) => silentTurns.signalAgain(db, BUSY, 30_000, 10),
  'silent-turns.noteLook': (db) => silentTurns.noteLook(db, { session: WORKING, turn: 1 }),
  'steps.startModelStep': (db) => steps.startModelStep(db, at(21)),
  'steps.finishModelStep': (db) => steps.finishModelStep(db, at(20)),
  'steps.openModelStep': (db) => steps.openModelStep(db, at(20)),
  'steps.troubleOf': (db) => steps.troubleOf(db, at(20)),
  'steps.setTrouble': (db) => steps.setTrouble(db, at(20), { model: { tries: 1, inRow: 1, ms: 1 } }),
  'steps.addToolSteps': (db) =>
    steps.addToolSteps(db, BUSY, BUSY_TURN, [{ step: 22, tool: 'bash', call: 'c', arguments: {} }]),
  'steps.toolStepsOf': (db) => steps.toolStepsOf(db, at(1)),
  'steps.startToolStep': (db) => steps.startToolStep(db, at(20)),
  'steps.stepBegan': (db) => steps.stepBegan(db, at(20)),
  'steps.markBegun': (db) => steps.markBegun(db, at(20)),
  'steps.endToolStep': (db) => steps.endToolStep(db, at(20), toolEnd),
  'steps.endOpenToolSteps': (db) =>
    steps.endOpenToolSteps(db, BUSY, BUSY_TURN, () => ({ ...toolEnd, state: 'unknown' })),
  'steps.lastStep': (db) => steps.lastStep(db, BUSY, BUSY_TURN),
  'thread-view.readSession': (db) => threadView.readSession(db, BUSY),
  'turns.setPlan': (db) =>
    turns.setPlan(db, { session: BUSY, turn: BUSY_TURN, step: 3 }, [{ step: 'run the tests', state: 'now' }]),
  'turns.steeredBy': (db) => turns.steeredBy(db, BUSY, BUSY_TURN, 20),
  'turns.steeringOf': (db) => turns.steeringOf(db, BUSY),
  'thread-view.readTurns': (db) => threadView.readTurns(db, BUSY),
  'thread-view.readSteps': (db) => threadView.readSteps(db, BUSY),
  'thread-view.findEgressEvent': (db) => threadView.findEgressEvent(db, randomUUID()),
  'transcript.appendTranscript': (db) =>
    transcript.appendTranscript(db, BUSY, [
      {
        turn: BUSY_TURN,
        role: 'tool',
        step: 20,
        content: { call: 'c', tool: 't', text: 'x', isError: false },
        tokens: 1,
      },
    ]),
  'transcript.readTranscript': async (db) => {
    await transcript.readTranscript(db, BUSY);
    await transcript.readTranscript(db, OLD);
  },
  'transcript.readTranscriptFrom': (db) => transcript.readTranscriptFrom(db, BUSY, '9223372036854775000'),
  'transcript.newestSummary': (db) => transcript.newestSummary(db, BUSY),
  'transcript.assistantAt': (db) => transcript.assistantAt(db, at(20)),
  'transcript.assistantsOf': (db) => transcript.assistantsOf(db, BUSY, BUSY_TURN),
  'transcript.noteStop': (db) => transcript.noteStop(db, BUSY, BUSY_TURN, 'U1'),
  'turns.insertTurn': async (db) => {
    await db.query("update inbox set turn = null where event_id = 'Ev400000'");
    await turns.insertTurn(db, { session: OLD, fence, after: 0, stoppedUpTo: '1' });
  },
  'turns.turnOfFence': (db) => turns.turnOfFence(db, BUSY, fence),
  'turn-fence.lockSession': (db) => turnFence.lockSession(db, BUSY),
  'turn-fence.inTurn': (db) => turnFence.inTurn(db, busy, () => Promise.resolve()),
  'turn-fence.holdTurn': (db) => turnFence.holdTurn(db, busy),
  'turn-fence.lockTurn': (db) => turnFence.lockTurn(db, busy),
  'turn-fence.openRun': (db) => turnFence.openRun(db, BUSY, 'run'),
  'turn-fence.advanceFence': (db) => turnFence.advanceFence(db, BUSY, fence),
  'turn-fence.stillRests': (db) => turnFence.stillRests(db, RESTED, fence),
  'turns.getTurn': (db) => turns.getTurn(db, BUSY, BUSY_TURN),
  'turns.runningTurnOf': (db) => turns.runningTurnOf(db, BUSY),
  'turns.finishTurn': (db) => turns.finishTurn(db, BUSY, BUSY_TURN, { state: 'answered' }),
  'turns.turnTotals': (db) => turns.turnTotals(db, BUSY, BUSY_TURN),
  'turns.recordEgress': (db) =>
    turns.recordEgress(db, BUSY, BUSY_TURN, { injected: 1, forwarded: 1, blocked: 1, bytesOut: 1 }),
  'turns.markStopped': (db) => turns.markStopped(db, BUSY, '1'),
};
