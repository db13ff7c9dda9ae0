import type { ServerResponse } from 'node:http';
import type { LeaseTable } from '../lease/lease-table.ts';
import { whole } from './control-routes.ts';
import { ControlError, type LeaseView } from './protocol.ts';

/** Changes that come faster than this are told together. */
const GATHER_MS = 100;
/** A line even without a change, so that both sides notice a dead one. */
const BEAT_MS = 5_000;

/** Follows one epoch's lease: a line for each change, the last one when it has ended. */
export function streamLease(
  leases: LeaseTable,
  sandbox: string,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const epoch = { turn: whole(query, 'turn'), attempt: whole(query, 'attempt') };
  if (leases.view(sandbox).state === 'none') throw new ControlError('not_found', `${sandbox} has no lease`);

  /** The lease as whoever holds this epoch sees it: someone else's is the end of theirs. */
  function viewed(): LeaseView {
    const view = leases.view(sandbox);
    const same = view.epoch?.turn === epoch.turn && view.epoch.attempt === epoch.attempt;
    if (same) return view;
    const ending = view.state === 'none' ? 'closed' : 'superseded';
    return { ...view, state: 'closed', ending };
  }

  let gathering: NodeJS.Timeout | null = null;
  const tell = () => {
    gathering = null;
    const view = viewed();
    response.write(`${JSON.stringify(view)}\n`);
    if (view.ending) response.end();
  };
  const stopWatching = leases.watch(sandbox, () => {
    gathering ??= setTimeout(tell, GATHER_MS);
  });
  const beat = setInterval(tell, BEAT_MS);
  response.on('close', () => {
    stopWatching();
    clearInterval(beat);
    if (gathering) clearTimeout(gathering);
  });
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  tell();
}
