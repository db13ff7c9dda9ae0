import type { Faults } from '../faults.ts';
import type { Sockets } from '../socket/sockets.ts';
import type { FaultRequest } from './requests.ts';

/** Arms one fault of `POST /_sim/faults`. A missing method, and a delay without `times`, last until all are cleared. */
export function applyFault(request: FaultRequest, faults: Faults, sockets: Sockets): void {
  if ('redeliver' in request) faults.copies = request.redeliver;
  else if ('loseAcks' in request) faults.lostAcks = request.loseAcks;
  else if ('loseEvents' in request) faults.lostEvents = request.loseEvents;
  else if ('acceptThenDrop' in request) {
    faults.addForMethod(request.acceptThenDrop, { kind: 'accept-then-drop' }, request.times);
  } else if ('rateLimit' in request) {
    faults.addForMethod(request.rateLimit, { kind: 'rate-limit', retryAfter: request.retryAfter }, request.times);
  } else if ('missingMethod' in request) {
    faults.addForMethod(request.missingMethod, { kind: 'missing' }, Number.POSITIVE_INFINITY);
  } else if ('failWith' in request) {
    const { error, status = null } = request;
    faults.addForMethod(request.failWith, { kind: 'fail', error, status }, request.times);
  } else if ('delayMs' in request) {
    const times = request.times ?? Number.POSITIVE_INFINITY;
    faults.addForMethod(request.delayMs, { kind: 'delay', ms: request.ms }, times);
  } else if ('withoutScope' in request) faults.missingScopes.add(request.withoutScope);
  else if ('disconnect' in request) {
    sockets.disconnect(request.disconnect === true ? 'refresh_requested' : request.disconnect);
  } else faults.clear();
}
