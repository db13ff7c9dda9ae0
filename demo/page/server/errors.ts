import type { FastifyInstance } from 'fastify';
import { ZodError } from 'zod';
import { SlackRefusal } from './slack-source.ts';

export type PageErrorCode =
  | 'bad_request'
  | 'not_found'
  | 'database_unavailable'
  | 'slack_unavailable'
  | 'acme_unavailable'
  | 'supervisor_unavailable'
  | 'internal';

/** An error that is shown to the person at the page. */
export class PageError extends Error {
  readonly status: number;
  readonly code: PageErrorCode;
  constructor(status: number, code: PageErrorCode, message: string) {
    super(message);
    this.name = 'PageError';
    this.status = status;
    this.code = code;
  }
}

/**
 * Every error becomes `{ error: { code, message } }`.
 * @param report gets every unexpected error
 */
export function addErrorAnswers(app: FastifyInstance, report: (error: unknown) => void): void {
  app.setErrorHandler((error, _, reply) => {
    if (error instanceof PageError) return reply.code(error.status).send(body(error.code, error.message));
    if (error instanceof SlackRefusal) return reply.code(409).send(body(error.code, error.message));
    if (error instanceof ZodError) {
      const [first] = error.issues;
      return reply.code(400).send(body('bad_request', `${first?.path.join('.')}: ${first?.message}`));
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status < 500) return reply.code(status).send(body('bad_request', (error as Error).message));
    report(error);
    return reply.code(500).send(body('internal', 'Something went wrong on the page’s own server; its log says what.'));
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send(body('not_found', 'There is nothing here.')));
}

function body(code: string, message: string) {
  return { error: { code, message } };
}
