import type { ServerResponse } from 'node:http';
import type { LeaseTable } from '../lease/lease-table.ts';
import { whole } from './control-routes.ts';
import { ControlError, type LeaseView } from './protocol.ts';

/** Changes within this time share one line. */
const GATHER_MS = 100;
/** A line is sent this often even without a change, so that each side notices when the other is dead. */
const BEAT_MS = 5_000;

/** Follows the lease of one epoch: sends a line for each change, and the last line when the lease has ended. */
export function streamLease(
  leases: LeaseTable,
  sandbox: string,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const epoch = { turn: whole(query, 'turn'), attempt: whole(query, 'attempt') };
  if (leases.view(sandbox).state === 'none') throw new ControlError('not_found', `${sandbox} has no lease`);

  /** The lease as the holder of this epoch sees it. If another epoch has the lease, this epoch's lease has ended. */
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
