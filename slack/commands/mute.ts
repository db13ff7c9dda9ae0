import { type SessionId, threadOf } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import { muteOf, muteThread, unmuteThread } from '../../store/mutes.ts';
import { type MessageButton, putMessage, replaceMessage } from '../../store/outbox.ts';
import { lockSession } from '../../store/turn-fence.ts';

/** The action ids of the buttons; the value is the session's id. */
export const MUTE_ACTION = 'bellhop_mute';
export const UNMUTE_ACTION = 'bellhop_unmute';

const NOT_JOINED = 'I am in no thread here that could be muted: I only listen in threads in which I was mentioned.';

export interface Muting {
  readonly session: SessionId;
  readonly person: { readonly id: string; readonly name: string };
  readonly wanted: boolean;
  /** Names the notice of a new mute in the outbox. */
  readonly key: string;
}

/**
 * Mutes a thread, or ends that. Everybody in the thread sees who did it. Work under way goes on, because somebody has asked for it. Returns
 * what the person is told who asks for it; null when the thread shows it.
 */
export async function setMute(db: Queryable, { session, person, wanted, key }: Muting): Promise<string | null> {
  if ((await lockSession(db, session)) === null) return NOT_JOINED;
  const mute = await muteOf(db, session);
  if (wanted && mute) return 'This thread is muted already. I answer in it when I am mentioned.';
  if (!wanted && !mute) return 'This thread is not muted: I listen here.';
  if (!mute) {
    const text = `Muted by ${person.name}: I do not listen here any more. A mention with what you want ends that, and so does the button.`;
    await muteThread(db, session, { by: person.id, notice: key });
    const body = { kind: 'notice', text, buttons: [muteButton(session, true)], for: person.id } as const;
    await putMessage(db, { key, ...threadOf(session), body, final: true });
    return null;
  }
  await unmuteThread(db, session);
  await replaceMessage(db, mute.notice, {
    kind: 'notice',
    text: `I listen here again: ${person.name} has unmuted me.`,
  });
  return 'I listen in this thread again.';
}

/** Ends a mute, if there is one. Call it with the session locked. */
export async function endMute(db: Queryable, session: SessionId, name: string): Promise<void> {
  const mute = await muteOf(db, session);
  if (!mute) return;
  await unmuteThread(db, session);
  await replaceMessage(db, mute.notice, { kind: 'notice', text: `I listen here again: ${name} has mentioned me.` });
}

/** The button Mute, or Unmute for a thread that is muted. */
export function muteButton(session: SessionId, isMuted: boolean): MessageButton {
  return { action: isMuted ? UNMUTE_ACTION : MUTE_ACTION, value: session, text: isMuted ? 'Unmute' : 'Mute' };
}
