import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SessionId } from '../../../contracts/ids.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { PageError } from './errors.ts';
import type { Threads } from './threads.ts';
import { accessNow, accessOf, whyOf } from './why.ts';

export const SESSION = z.custom<SessionId>(
  (value) => typeof value === 'string' && /^slack:[A-Z0-9]+:[A-Z0-9]+:\d+\.\d+$/.test(value),
  'not a session id',
);
const EVENT = z.object({ id: z.uuid() });
const keyOf = (kinds: string) =>
  z.custom<ScopeKey>(
    (value) => typeof value === 'string' && new RegExp(`^(${kinds}):[A-Z0-9]+:[A-Z0-9]+$`).test(value),
    'not a scope',
  );
/** `asker` is who would begin a thread there. */
const SCOPE = z.object({ scope: keyOf('channel|person'), asker: keyOf('person').optional() });
const TURN = z.object({ session: SESSION, turn: z.coerce.number().int().min(1) });

export interface ThreadRoutesOptions {
  readonly threads: Threads;
  /** Kills the agent worker; it is started again by its supervisor. */
  readonly killWorker: () => Promise<void>;
}

/** Questions about a thread, and the button that kills the worker. */
export function addThreadRoutes(app: FastifyInstance, { threads, killWorker }: ThreadRoutesOptions): void {
  function database() {
    const db = threads.database();
    if (!db) throw new PageError(503, 'database_unavailable', 'The database is not up yet.');
    return db;
  }

  app.get('/api/why/:id', async (request) => {
    const answer = await whyOf({ db: database(), currentPolicy }, EVENT.parse(request.params).id);
    if (!answer) throw new PageError(404, 'not_found', 'This request is not in the record.');
    return answer;
  });

  app.get('/api/access', async (request) => {
    const { session, turn } = TURN.parse(request.query);
    const access = await accessOf(database(), session, turn);
    if (!access) throw new PageError(404, 'not_found', 'No access was recorded for this turn.');
    return access;
  });

  // Null while nothing is known: the page asks again.
  app.get('/api/reach', async (request, reply) => {
    const { scope, asker = null } = SCOPE.parse(request.query);
    const db = threads.database();
    const access = db ? await accessNow({ db, currentPolicy }, scope, asker) : null;
    return reply.send({ access });
  });

  app.post('/api/worker/kill', async () => {
    await killWorker();
    return { ok: true };
  });
}
