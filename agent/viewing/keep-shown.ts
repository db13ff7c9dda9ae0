import type { ShownFile } from '../../contracts/conversation.ts';
import { stepIdOf } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import { saveFile } from '../../store/files.ts';
import type { StepRef } from '../../store/steps.ts';
import type { ToShow } from '../tools/tool.ts';

/**
 * Stores what a step shows the model, so that every later call sends the same bytes. Call it with the turn held, in the transaction
 * that ends the step. Of two attempts of one step, the first to end has stored what counts; the other stores nothing new.
 */
export async function keepShown(db: Queryable, ref: StepRef, files: readonly ToShow[]): Promise<readonly ShownFile[]> {
  const keep = async (file: ToShow, origin: string): Promise<ShownFile> => {
    const { type, label, bytes } = file;
    const stored = { session: ref.session, name: label, direction: 'seen', origin, bytes } as const;
    const pages: ShownFile[] = [];
    for (const [nth, page] of (file.pages ?? []).entries()) pages.push(await keep(page, `${origin}/${nth}`));
    const id = await saveFile(db, stored);
    return { file: id, type, bytes: bytes.length, label, ...(pages.length > 0 && { pages }) };
  };
  const kept: ShownFile[] = [];
  for (const [nth, file] of files.entries()) {
    kept.push(await keep(file, `${stepIdOf(ref.session, ref.turn, ref.step)}/shown/${nth}`));
  }
  return kept;
}
