import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallLog } from '../calls.ts';
import type { Faults, MethodFault } from '../faults.ts';
import { APP } from '../world/workspace.ts';
import { createArguments, readArguments } from './arguments.ts';
import { SlackError } from './errors.ts';
import type { Method, Methods } from './method.ts';
import type { RateLimiter } from './rate-limits.ts';

export interface RouterDependencies {
  readonly methods: Methods;
  readonly faults: Faults;
  readonly calls: CallLog;
  /** Null: calls are taken however fast they come. */
  readonly rates: RateLimiter | null;
  readonly tokens: { readonly app: string; readonly bot: string };
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The Web API: `POST` or `GET /api/<method>`, answering 200 with `ok: false` where Slack refuses. */
export function registerApi(server: FastifyInstance, dependencies: RouterDependencies): void {
  server.route<{ Params: { method: string } }>({
    method: ['GET', 'POST'],
    url: '/api/:method',
    handler: (request, reply) => answer(request.params.method, request, reply, dependencies),
  });
}

async function answer(
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
  { methods, faults, calls, rates, tokens }: RouterDependencies,
): Promise<FastifyReply> {
  const started = Date.now();
  const body = request.body instanceof Buffer ? request.body : null;
  let args: Record<string, unknown> = {};
  let result: Answer;
  const struck = faults.take(name);
  try {
    args = await readArguments(body, request.headers['content-type'] ?? '', query(request));
    const token = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? args.token;
    delete args.token;
    for (const fault of struck) if (fault.kind === 'delay') await sleep(fault.ms);
    const retryAfter = rates?.take(name, args) ?? null;
    result =
      faulted(struck) ??
      (retryAfter === null ? null : tooFast(retryAfter)) ??
      run(name, methods[name], token, args, { tokens, faults });
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    result = { status: 200, body: { ok: false, error: error.code, ...error.details } };
  }
  const dropped = struck.some((fault) => fault.kind === 'accept-then-drop');
  calls.add({
    at: new Date(started).toISOString(),
    method: name,
    args: readable(args),
    ok: result.body.ok === true,
    error: typeof result.body.error === 'string' ? result.body.error : null,
    status: dropped ? null : result.status,
    durationMs: Date.now() - started,
  });
  if (dropped) {
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  return reply
    .code(result.status)
    .headers({ 'x-slack-req-id': request.id, 'x-oauth-scopes': APP.scopes.join(','), ...result.headers })
    .send(result.body);
}

function run(
  name: string,
  method: Method | undefined,
  token: unknown,
  args: Record<string, unknown>,
  { tokens, faults }: Pick<RouterDependencies, 'tokens' | 'faults'>,
): Answer {
  if (method === undefined) throw new SlackError('unknown_method', { req_method: name });
  if (typeof token !== 'string' || token === '') throw new SlackError('not_authed');
  const kind = token === tokens.bot ? 'bot' : token === tokens.app ? 'app' : null;
  if (kind === null) throw new SlackError('invalid_auth');
  if (kind !== method.token) throw new SlackError('not_allowed_token_type');
  const scopes: readonly string[] = APP.scopes.filter((scope) => !faults.missingScopes.has(scope));
  const given = createArguments(args);
  const needed = typeof method.scope === 'function' ? method.scope(given) : [method.scope ?? []].flat();
  const missing = needed.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    throw new SlackError('missing_scope', { needed: missing.join(','), provided: scopes.join(',') });
  }
  return { status: 200, body: { ok: true, ...method.handle(given) } };
}

function faulted(struck: readonly MethodFault[]): Answer | null {
  for (const fault of struck) {
    if (fault.kind === 'missing') return { status: 200, body: { ok: false, error: 'unknown_method' } };
    if (fault.kind === 'rate-limit') return tooFast(fault.retryAfter);
    if (fault.kind === 'fail') return { status: fault.status ?? 200, body: { ok: false, error: fault.error } };
  }
  return null;
}

/** @param retryAfter seconds */
function tooFast(retryAfter: number): Answer {
  return { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': String(retryAfter) } };
}

function query(request: FastifyRequest): Record<string, unknown> {
  return request.query !== null && typeof request.query === 'object' ? { ...request.query } : {};
}

/** Arguments as a reader of the log wants them: JSON form fields parsed. */
function readable(args: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([key, value]) => {
      if (typeof value !== 'string' || !/^[[{]/.test(value)) return [key, value];
      try {
        return [key, JSON.parse(value)];
      } catch {
        return [key, value];
      }
    }),
  );
}
