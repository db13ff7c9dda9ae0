import { randomUUID } from 'node:crypto';
import { type SessionId, sessionIdOf, threadOf } from '../../../../contracts/ids.ts';
import { SLACK_LIMITS } from '../../../../slack/api/rate-limits.ts';
import { sendingLimits } from '../../../../slack/sending/sending-limits.ts';
import * as awaitedPosts from '../../../../store/awaited-posts.ts';
import * as catchUp from '../../../../store/catch-up.ts';
import * as channels from '../../../../store/channels.ts';
import * as claimMessages from '../../../../store/claim-messages.ts';
import type { Database } from '../../../../store/database.ts';
import * as deletions from '../../../../store/deletions.ts';
import * as files from '../../../../store/files.ts';
import * as findThread from '../../../../store/find-thread.ts';
import * as forgetThread from '../../../../store/forget-thread.ts';
import * as inbox from '../../../../store/inbox.ts';
import * as inboxClaims from '../../../../store/inbox-claims.ts';
import * as inboxIntake from '../../../../store/inbox-intake.ts';
import * as incomingFiles from '../../../../store/incoming-files.ts';
import * as lastAsker from '../../../../store/last-asker.ts';
import * as mixedChannels from '../../../../store/mixed-channels.ts';
import * as mutes from '../../../../store/mutes.ts';
import * as nextDue from '../../../../store/next-due.ts';
import * as outbox from '../../../../store/outbox.ts';
import * as outboxClaims from '../../../../store/outbox-claims.ts';
import * as ownPosts from '../../../../store/own-posts.ts';
import * as people from '../../../../store/people.ts';
import * as questions from '../../../../store/questions.ts';
import * as rateBucket from '../../../../store/rate-bucket.ts';
import * as recentPlaces from '../../../../store/recent-places.ts';
import * as restarts from '../../../../store/restarts.ts';
import * as slackWatermark from '../../../../store/slack-watermark.ts';
import * as stops from '../../../../store/stops.ts';
import * as streams from '../../../../store/streams.ts';
import * as threadMessages from '../../../../store/thread-messages.ts';
import * as threadModels from '../../../../store/thread-models.ts';
import * as threadStatus from '../../../../store/thread-status.ts';
import * as threadTalk from '../../../../store/thread-talk.ts';
import * as workingStatus from '../../../../store/working-status.ts';
import { type Call, OLD } from './hot-inputs.ts';
import { BUSY, BUSY_TURN, sessionOfNumber } from './seed-million.ts';

const busyTurn = { session: BUSY, turn: BUSY_TURN };
const target = { key: `${BUSY}/301/answer`, ...threadOf(BUSY) };
const dm = sessionIdOf({ team: 'T1', channel: 'D1', threadTs: '1.1' });
const removal = { session: BUSY, by: `${BUSY}/302/1`, words: 'removed' };
const bucket = { team: 'T1', method: 'chat.postMessage', channel: 'C77' };
const aDay = 24 * 3_600_000;
const limits = sendingLimits(SLACK_LIMITS);
const lease = { team: 'T1', holder: 'g1', fence: '0' };
const fileId = '00000000-0000-0000-0000-000000000000';

function entry(session: SessionId, kind: inbox.InboxKind = 'message'): inbox.InboxEntry {
  return {
    eventId: randomUUID(),
    kind,
    ...threadOf(session),
    ts: '1799999999.000100',
    author: 'U1',
    authorClass: 'member',
    address: 'thread',
    text: 'and this',
    files: [],
  };
}

async function inboxRow(db: Database, session: SessionId, kind?: inbox.InboxKind): Promise<inbox.InboxRow> {
  const given = entry(session, kind);
  await inboxIntake.keepEntries(db, [{ keep: 'always', entry: given }]);
  const { rows } = await db.query<{ id: string }>('select id from inbox where event_id = $1', [given.eventId]);
  const id = rows[0]?.id ?? '';
  return { ...given, id, session, state: 'received', receivedAt: new Date(), attempts: 0, overtaken: false };
}

/** A question of the turn that is under way. */
function askHot(db: Database, withinMs?: number): Promise<questions.StoredQuestion> {
  const question = {
    name: 'q',
    text: 'May I?',
    about: 'It',
    choices: [{ id: 'yes', label: 'Yes' }],
    shown: 'thread',
  } as const;
  const asking = { session: BUSY, turn: BUSY_TURN, key: `${BUSY}/${BUSY_TURN}/20/question/q`, withinMs };
  return questions.askQuestion(db, { ...asking, question: { ...question, answerer: { person: 'U1' } } });
}

async function outboxRow(db: Database): Promise<outboxClaims.OutboxRow> {
  const [row] = await outboxClaims.claimOutbox(db, { team: 'T1', limits, room: 1, spare: 0, leaseMs: 1_000 });
  if (!row) throw new Error('nothing waits in the outbox');
  return row;
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('x');
}

/** Calls of the way from Slack to a session and back: inbox, outbox, people, catch-up. */
export const MESSAGE_CALLS: Readonly<Record<string, Call>> = {
  'channels.findChannel': (db) => channels.findChannel(db, 'T1', 'C77'),
  'channels.findChannelByName': (db) => channels.findChannelByName(db, '#channel-77'),
  'channels.saveChannel': (db) =>
    channels.saveChannel(db, { team: 'T1', id: 'C77', name: 'x', kind: 'public', external: false }),
  'channels.forgetChannel': (db) => channels.forgetChannel(db, 'T1', 'C77'),
  'mixed-channels.membersReadAt': (db) => mixedChannels.membersReadAt(db, 'T1', 'C77'),
  'mixed-channels.noteOutsider': (db) => mixedChannels.noteOutsider(db, 'T1', 'C77', { person: 'U77', class: 'guest' }),
  'mixed-channels.noteLeft': (db) => mixedChannels.noteLeft(db, 'T1', 'C77', 'U77'),
  'mixed-channels.saveOutsiders': (db) =>
    mixedChannels.saveOutsiders(db, { team: 'T1', channel: 'C77', outsiders: [], askedAt: new Date() }),
  'catch-up.requestCatchUp': (db) => catchUp.requestCatchUp(db, 'T1', 'g1', 0),
  'catch-up.takeCatchUpLease': (db) => catchUp.takeCatchUpLease(db, 'T1', 'g1'),
  'catch-up.renewCatchUpLease': (db) => catchUp.renewCatchUpLease(db, lease),
  'catch-up.dropCatchUpLease': (db) => catchUp.dropCatchUpLease(db, lease),
  'catch-up.finishCatchUp': (db) => catchUp.finishCatchUp(db, lease, new Date()),
  'catch-up.catchUpProgress': (db) => catchUp.catchUpProgress(db, 'T1'),
  'catch-up.saveChannelRead': (db) => catchUp.saveChannelRead(db, lease, 'C77', new Date(), []),
  'catch-up.saveThreadRead': (db) => catchUp.saveThreadRead(db, lease, 'C77', '1.0'),
  'claim-messages.claimInboxMessages': (db) => claimMessages.claimInboxMessages(db, BUSY, BUSY_TURN, () => 1),
  'claim-messages.claimUnread': (db) => claimMessages.claimUnread(db, BUSY, 400, () => 1),
  'deletions.noteDeleted': async (db) => {
    // Most messages that are deleted are of threads without a session.
    await deletions.noteDeleted(db, { team: 'T1', channel: 'C77', ts: '1234567890.000100' });
    await deletions.noteDeleted(db, { ...threadOf(BUSY), ts: threadOf(BUSY).threadTs });
  },
  'deletions.endThread': (db) => deletions.endThread(db, BUSY),
  'deletions.isThreadGone': (db) => deletions.isThreadGone(db, BUSY),
  'files.saveFile': (db) =>
    files.saveFile(db, { session: BUSY, name: 'a', bytes: Buffer.from('x'), direction: 'out', origin: randomUUID() }),
  'files.getFile': (db) => files.getFile(db, randomUUID()),
  'files.beginningsOf': (db) => files.beginningsOf(db, [fileId]),
  'files.findWholeFile': (db) => files.findWholeFile(db, { session: BUSY, name: 'a', direction: 'in', origin: 'o' }),
  'files.streamFile': (db) =>
    files.streamFile(db, { session: BUSY, name: 'a', direction: 'in', origin: 'new' }, pieces(), 1_000),
  'files.readFile': (db) => files.readFile(db, fileId).next(),
  'find-thread.findThread': (db) =>
    findThread.findThread(db, { channel: 'C0', ts: '1700400000.000100', threadTs: null }),
  'inbox-intake.keepEntries': async (db) => {
    const called = { keep: 'always', entry: entry(BUSY) } as const;
    // Most untagged messages are of threads without a session.
    const untagged = [entry(OLD), entry('slack:T1:C77:1234567890.000100')];
    await inboxIntake.keepEntries(db, [called, ...untagged.map((one) => ({ keep: 'in-thread', entry: one }) as const)]);
  },
  'inbox-intake.keepHistory': (db) => inboxIntake.keepHistory(db, [entry(BUSY)]),
  'inbox-intake.storedForGood': (db) => inboxIntake.storedForGood(db, entry(BUSY), [entry(BUSY), entry(OLD)]),
  'inbox-claims.claimUndelivered': (db) => inboxClaims.claimUndelivered(db, 20, 1_000),
  'mutes.muteThread': (db) => mutes.muteThread(db, BUSY, { by: 'U1', notice: 'key' }),
  'mutes.unmuteThread': (db) => mutes.unmuteThread(db, BUSY),
  'mutes.muteOf': (db) => mutes.muteOf(db, BUSY),
  'next-due.nextInboxDueMs': nextDue.nextInboxDueMs,
  'next-due.nextOutboxDueMs': nextDue.nextOutboxDueMs,
  'inbox-claims.postponeEntry': async (db) => inboxClaims.postponeEntry(db, (await inboxRow(db, BUSY)).id, 1_000),
  'inbox-claims.holdEntries': async (db) => inboxClaims.holdEntries(db, [(await inboxRow(db, BUSY)).id], 1_000),
  'inbox-claims.putBackEntry': async (db) => inboxClaims.putBackEntry(db, (await inboxRow(db, BUSY)).id, 1_000),
  'inbox-claims.makeDue': async (db) => inboxClaims.makeDue(db, [(await inboxRow(db, BUSY)).id]),
  'inbox.acceptEntry': async (db) =>
    inbox.acceptEntry(db, (await inboxRow(db, BUSY)).id, { authorClass: 'member', text: 'x', files: [] }),
  'inbox.markSignalled': async (db) => inbox.markSignalled(db, (await inboxRow(db, BUSY)).id, BUSY),
  'inbox.confirmEntry': (db) => inbox.confirmEntry(db, '1', 'U1'),
  'inbox.closeEntry': async (db) =>
    inbox.closeEntry(db, (await inboxRow(db, BUSY)).id, 'context', { authorClass: 'member', text: 'x' }),
  'inbox.takeOverdue': (db) => inbox.takeOverdue(db, 60_000, 500),
  'claim-messages.someoneWaits': (db) => claimMessages.someoneWaits(db, BUSY, BUSY_TURN),
  'inbox.hasLaterMessage': (db) => inbox.hasLaterMessage(db, { ...entry(BUSY), ts: '1600001990.000200' }),
  'inbox.keepEdit': async (db) =>
    inbox.keepEdit(db, (await inboxRow(db, BUSY, 'edit')).id, { authorClass: 'member', text: 'x', before: 'y' }),
  'inbox.stateOfEdited': (db) => inbox.stateOfEdited(db, { team: 'T1', channel: 'C0', edits: '1700400000.000100' }),
  'incoming-files.filesToPlace': (db) => incomingFiles.filesToPlace(db, sessionOfNumber(500_001), 'sb500001'),
  'incoming-files.markRead': (db) => incomingFiles.markRead(db, [randomUUID()], 1),
  'incoming-files.markPlaced': (db) => incomingFiles.markPlaced(db, randomUUID(), 'sb1'),
  'last-asker.lastAsker': (db) => lastAsker.lastAsker(db, BUSY),
  'outbox-claims.claimOutbox': (db) =>
    outboxClaims.claimOutbox(db, { team: 'T1', limits, room: 10, spare: 2, leaseMs: 1_000 }),
  'outbox-claims.holdOutbox': async (db) => outboxClaims.holdOutbox(db, await outboxRow(db), 1_000, true),
  'outbox-claims.markSure': async (db) => outboxClaims.markSure(db, await outboxRow(db)),
  'outbox-claims.markLooked': async (db) => outboxClaims.markLooked(db, await outboxRow(db), '1.2'),
  'outbox-claims.fileNotSeen': async (db) => outboxClaims.fileNotSeen(db, await outboxRow(db), 3, 1_000),
  'outbox-claims.takeOut': async (db) => outboxClaims.takeOut(db, await outboxRow(db), '1.2'),
  'outbox-claims.goneFromSlack': async (db) => outboxClaims.goneFromSlack(db, await outboxRow(db)),
  'outbox-claims.markUploaded': async (db) => outboxClaims.markUploaded(db, await outboxRow(db), 'F1'),
  'outbox-claims.sendPlain': async (db) => outboxClaims.sendPlain(db, await outboxRow(db)),
  'outbox-claims.markSent': async (db) => outboxClaims.markSent(db, await outboxRow(db), '1.2', 1_000),
  'outbox-claims.postponeSending': async (db) =>
    outboxClaims.postponeSending(db, await outboxRow(db), 'failure', 1_000),
  'outbox-claims.markFailed': async (db) => outboxClaims.markFailed(db, await outboxRow(db), 'no'),
  'outbox-claims.letNextPost': async (db) => outboxClaims.letNextPost(db, await outboxRow(db)),
  'outbox.putMessage': async (db) => {
    const message = { ...target, body: { kind: 'answer', text: 'x' }, final: false } as const;
    await outbox.putMessage(db, message);
    await outbox.putMessage(db, { ...message, body: { kind: 'answer', text: 'xy' }, final: true });
  },
  'outbox.putReaction': (db) => outbox.putReaction(db, { ...target, body: { ts: '1.0', name: 'eyes' } }),
  'outbox.putStatus': (db) => outbox.putStatus(db, { ...target, body: { status: 'thinks' } }),
  'outbox.putFile': (db) => outbox.putFile(db, { ...target, body: { fileId: randomUUID(), name: 'a' } }),
  'outbox.putEphemeral': (db) => outbox.putEphemeral(db, { ...target, body: { user: 'U1', text: 'x' } }),
  'outbox.replaceMessage': (db) => outbox.replaceMessage(db, 'no such key', { kind: 'notice', text: 'x' }),
  'outbox.retireMessage': (db) => outbox.retireMessage(db, { ...target, key: `${BUSY}/301/working` }),
  'streams.growsIn': (db) => streams.growsIn(db, dm),
  'streams.noteNotOffered': (db) => streams.noteNotOffered(db, 'T1', 'unknown_method', 24),
  'streams.putStream': async (db) => {
    await streams.putStream(db, { session: BUSY, turn: BUSY_TURN }, { kind: 'stream', step: 1, text: 'x' });
    await streams.putStream(db, { session: BUSY, turn: BUSY_TURN }, { kind: 'stream', step: 1, text: 'x y' });
  },
  'streams.endStreams': (db) => streams.endStreams(db, BUSY, { turn: BUSY_TURN, step: 3 }),
  'streams.becomeAnswer': (db) =>
    streams.becomeAnswer(db, { session: BUSY, turn: BUSY_TURN }, `${BUSY}/302/answer`, { kind: 'answer', text: 'x' }),
  'streams.markBegun': async (db) =>
    streams.markBegun(db, await outboxRow(db), { slackTs: '1.2', text: 'x', pauseMs: 1_000 }),
  'streams.markBegunUnseen': async (db) => streams.markBegunUnseen(db, await outboxRow(db), ['1.2', '1.3']),
  'streams.markGrown': async (db) => streams.markGrown(db, await outboxRow(db), 'x', 1_000),
  'streams.markStopped': async (db) => streams.markStopped(db, await outboxRow(db)),
  'streams.stopAgain': async (db) => streams.stopAgain(db, await outboxRow(db), 1_000),
  'streams.giveUpStream': async (db) => streams.giveUpStream(db, await outboxRow(db)),
  'outbox.withdrawMessage': (db) => outbox.withdrawMessage(db, 'no such key'),
  'outbox.lastAnswerAt': (db) => outbox.lastAnswerAt(db, BUSY),
  'outbox.outboxBacklog': (db) => outbox.outboxBacklog(db),
  'own-posts.ownPost': async (db) => {
    await ownPosts.ownPost(db, removal, null);
    await ownPosts.ownPost(db, removal, { channel: 'C0', ts: '1.0' });
  },
  'own-posts.removePost': (db) => ownPosts.removePost(db, `${BUSY}/301/answer`, removal),
  'own-posts.isWanted': async (db) => ownPosts.isWanted(db, (await outboxRow(db)).id),
  'own-posts.removalOf': (db) => ownPosts.removalOf(db, `${BUSY}/301/answer`),
  'questions.askQuestion': (db) => askHot(db),
  'questions.findQuestion': async (db) => questions.findQuestion(db, (await askHot(db)).id),
  'questions.isOpen': (db) => questions.isOpen(db, BUSY, 'confirm/U1'),
  'questions.lookAtQuestion': async (db) => questions.lookAtQuestion(db, (await askHot(db)).id),
  'questions.withdrawQuestion': async (db) => questions.withdrawQuestion(db, await askHot(db)),
  'questions.answerTo': async (db) => questions.answerTo(await askHot(db)),
  'questions.pressQuestion': async (db) =>
    questions.pressQuestion(db, {
      ...{ question: (await askHot(db)).id, by: 'U1', name: 'Ada', isMember: true, choice: 'yes', given: {} },
    }),
  'questions.withdrawQuestions': async (db) => {
    await askHot(db);
    await questions.withdrawQuestions(db, BUSY, BUSY_TURN);
  },
  'questions.expireQuestions': async (db) => {
    await askHot(db, 0);
    await questions.expireQuestions(db, 100);
  },
  'questions.untoldQuestions': (db) => questions.untoldQuestions(db, 100),
  'questions.markQuestionTold': async (db) => questions.markQuestionTold(db, (await askHot(db)).id),
  'awaited-posts.awaitPost': (db) => awaitedPosts.awaitPost(db, `${BUSY}/301/answer`, randomUUID(), 1_000),
  'awaited-posts.stopAwaiting': (db) => awaitedPosts.stopAwaiting(db, `${BUSY}/301/answer`, randomUUID()),
  'awaited-posts.isAwaited': (db) => awaitedPosts.isAwaited(db, '1'),
  'outbox.postedMessage': (db) => outbox.postedMessage(db, `${BUSY}/301/answer`),
  'people.classesOf': (db) => people.classesOf(db, 'T1', ['U77', 'U78']),
  'people.findPerson': (db) => people.findPerson(db, 'T1', 'U77'),
  'people.savePeople': (db) =>
    people.savePeople(db, [{ team: 'T1', id: 'U77', name: 'x', class: 'member', updated: 1 }]),
  'rate-bucket.takeToken': (db) => rateBucket.takeToken(db, bucket, { capacity: 1, perSecond: 1 }),
  'rate-bucket.blockBucket': (db) => rateBucket.blockBucket(db, bucket, 1_000),
  'recent-places.recentThreads': (db) => recentPlaces.recentThreads(db, 'T1', new Date(Date.now() - aDay)),
  'recent-places.recentDms': (db) => recentPlaces.recentDms(db, 'T1', new Date(Date.now() - aDay)),
  'slack-watermark.beat': (db) => slackWatermark.beat(db, 'T1', 'g1', 0),
  'slack-watermark.leave': (db) => slackWatermark.leave(db, 'T1', 'g1'),
  'slack-watermark.oldestWatermark': (db) => slackWatermark.oldestWatermark(db, 'T1'),
  'forget-thread.forgetThread': (db) => forgetThread.forgetThread(db, BUSY, '1'),
  'forget-thread.isForgotten': (db) => forgetThread.isForgotten(db, { id: '1', session: BUSY }),
  'forget-thread.deleteFetched': (db) => forgetThread.deleteFetched(db, BUSY, []),
  'restarts.restartThread': (db) => restarts.restartThread(db, BUSY, '1'),
  'stops.cameLate': async (db) => stops.cameLate(db, await inboxRow(db, BUSY, 'stop')),
  'stops.overtakeByStop': async (db) => stops.overtakeByStop(db, await inboxRow(db, BUSY, 'stop')),
  'stops.hasOvertaken': async (db) => stops.hasOvertaken(db, await inboxRow(db, BUSY, 'stop')),
  'stops.awaitsStop': async (db) => stops.awaitsStop(db, await inboxRow(db, BUSY)),
  'thread-models.chooseThreadModel': (db) => threadModels.chooseThreadModel(db, BUSY, 'large', 'U1'),
  'thread-models.threadModelOf': (db) => threadModels.threadModelOf(db, BUSY),
  'thread-messages.confirmedMessages': (db) => threadMessages.confirmedMessages(db, BUSY),
  'thread-talk.taggedAt': (db) =>
    threadTalk.taggedAt(db, { session: BUSY, author: 'U1', ts: '1600001990.000200' }, 1_600_001_000),
  'thread-talk.isAskedBefore': (db) =>
    threadTalk.isAskedBefore(db, { session: BUSY, author: 'U1', ts: '1600001990.000200' }, 1_600_001_000),
  'thread-talk.hasAsked': (db) => threadTalk.hasAsked(db, { session: BUSY, author: 'U1', ts: '1600001990.000200' }),
  'thread-status.threadStatus': (db) => threadStatus.threadStatus(db, BUSY),
  'working-status.beginStatus': (db) => workingStatus.beginStatus(db, busyTurn, threadOf(BUSY), 'is working…'),
  'working-status.endStatus': (db) => workingStatus.endStatus(db, busyTurn, threadOf(BUSY), false),
  'working-status.statusToTell': async (db) => {
    const row = { ...(await outboxRow(db)), kind: 'status' } as const;
    await workingStatus.statusToTell(db, { ...row, session: BUSY, body: { status: '', turn: BUSY_TURN } });
    await workingStatus.statusToTell(db, { ...row, session: BUSY, body: { status: 'is getting to work…' } });
  },
  'working-status.noteStatusSet': async (db) => workingStatus.noteStatusSet(db, await outboxRow(db), 90_000),
  'working-status.setStatusAgain': (db) => workingStatus.setStatusAgain(db, BUSY),
};
