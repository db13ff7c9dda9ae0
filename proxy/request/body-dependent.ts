import type { IncomingMessage } from 'node:http';
import { matchesPath } from '../../access/path-match.ts';
import { ruleId } from '../../access/rule-match.ts';
import { Refusal } from '../refusal.ts';
import { BODY_LIMITS, type BodyBudget } from './body-budget.ts';
import { bodyFormOf, MAX_BODY_WITH_CREDENTIAL, OF_THE_OLD_BODY, withField } from './body-credential.ts';
import { readBounded } from './bounded-body.ts';
import type { JudgedRequest } from './judge-request.ts';
import type { Outgoing } from './outgoing.ts';
import { type Framing, valuesOf } from './request-head.ts';

export interface BodyReading {
  readonly budget: BodyBudget;
  readonly sandbox: string;
  /** How long the client may pause while it sends the body. */
  readonly silenceMs: number;
  /** Called before the body is read: the client may wait for it (RFC 9110 10.1.1). */
  readonly proceed: () => void;
}

/** A request that can be sent, and what gives the memory of its body back. */
export interface Completed {
  readonly outgoing: Outgoing;
  readonly release: () => void;
}

/**
 * Attaches a credential that depends on the body: one inside it, or a signature over it. Such a body is read whole, up to
 * a limit, before anything is sent. Every other request passes unchanged.
 *
 * @throws Refusal `body_type`, `body_too_large`, `cannot_sign`, `too_many_requests`, or as the reading of a body does
 */
export async function withBodyCredential(
  judged: JudgedRequest,
  request: IncomingMessage,
  reading: BodyReading,
): Promise<Completed> {
  const { injection, outgoing, head } = judged;
  if (injection?.way !== 'body' && injection?.way !== 'sign') return { outgoing, release: () => {} };
  const body = bodyReader(request, outgoing.body ?? null, head.framing, reading);
  try {
    const completed =
      injection.way === 'body'
        ? await inBody(outgoing, head.framing, injection, body)
        : await signed(judged, outgoing, injection, body);
    return { outgoing: completed, release: body.release };
  } catch (error) {
    body.release();
    throw named(error, judged);
  }
}

/** A refusal names the connection whose credential could not be attached. */
function named(error: unknown, { decision }: JudgedRequest): unknown {
  const { rule } = decision;
  if (!(error instanceof Refusal) || rule.from !== 'connection') return error;
  return new Refusal(error.code, error.message, { rule: ruleId(rule), connection: rule.connection.id });
}

type BodyInjection = Extract<JudgedRequest['injection'], { way: 'body' }>;
type SigningInjection = Extract<JudgedRequest['injection'], { way: 'sign' }>;

async function inBody(
  outgoing: Outgoing,
  framing: Framing,
  { field, value }: BodyInjection,
  body: BodyReader,
): Promise<Outgoing> {
  const form = bodyFormOf(outgoing.headers, hasBody(framing));
  const sent = withField(await body.read(MAX_BODY_WITH_CREDENTIAL), form, field, value);
  const headers = outgoing.headers.filter(([name]) => !OF_THE_OLD_BODY.has(name));
  return { ...outgoing, headers: [...headers, ['content-length', String(sent.length)]], body: sent };
}

async function signed(
  { head, target, decision, holdsBack }: JudgedRequest,
  outgoing: Outgoing,
  injection: SigningInjection,
  body: BodyReader,
): Promise<Outgoing> {
  const { paths, host: ruleHost } = decision.rule.match;
  const {
    target: sentTarget,
    headers,
    rewriteBody,
  } = await injection.sign(
    {
      method: head.method,
      host: target.authority.host,
      path: target.path,
      rawPath: target.rawPath,
      query: outgoing.target.slice(target.path.length),
      ownAuthorization: valuesOf(head.headers, 'authorization')[0] ?? null,
      headers: outgoing.headers,
      hasBody: hasBody(head.framing),
      covers: (path) => matchesPath(paths, path),
      ruleHost,
      holdsBack: holdsBack(),
    },
    () => body.read(BODY_LIMITS.perSandbox),
  );
  const whole = body.whole();
  if (!whole) return { ...outgoing, target: sentTarget, headers, ...(rewriteBody ? { rewriteBody } : {}) };
  const framed = headers.filter(([name]) => name !== 'content-length');
  const sized: [string, string] = ['content-length', String(whole.length)];
  return { ...outgoing, target: sentTarget, headers: [...framed, sized], body: whole };
}

interface BodyReader {
  read(maxBytes: number): Promise<Buffer>;
  /** The body, if it was read. */
  whole(): Buffer | null;
  release(): void;
}

/**
 * Memory is set aside before a byte is read. A body that does not say its length takes as much as it may have.
 * @param known the body, when it was read already to be judged
 */
function bodyReader(
  request: IncomingMessage,
  known: Buffer | null,
  framing: Framing,
  { budget, sandbox, silenceMs, proceed }: BodyReading,
): BodyReader {
  let whole = known;
  let release = () => {};
  return {
    whole: () => whole,
    release: () => release(),
    async read(maxBytes) {
      const tooLarge = new Refusal(
        'body_too_large',
        `The credential of this host goes into the body or is a signature over it, so it may have at most ${maxBytes} bytes.`,
      );
      const length = whole?.length ?? (framing.kind === 'length' ? framing.length : maxBytes);
      if (length > maxBytes) throw tooLarge;
      if (whole) return whole;
      release = budget.take(sandbox, length);
      proceed();
      const read = hasBody(framing) ? await readBounded(request, maxBytes, silenceMs) : Buffer.alloc(0);
      if (read === 'too-large') throw tooLarge;
      whole = read;
      return read;
    },
  };
}

function hasBody(framing: Framing): boolean {
  return framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0);
}
