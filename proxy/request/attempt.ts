import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { StartContext } from '../dialer/kept-client.ts';
import type { AnswerMask } from './answer-mask.ts';
import { type HeldAnswer, type HeldPart, holdAnswer } from './held-answer.ts';
import { type HiddenMember, hideMember, isJson } from './hidden-member.ts';
import type { Outgoing } from './outgoing.ts';
import { responseHeaders } from './response-headers.ts';

/** One attempt to send a request and to stream the answer back. */
export interface Attempt {
  readonly method: string;
  readonly outgoing: Outgoing;
  readonly body: Readable | null;
  readonly dispatch: Dispatcher['dispatch'];
  readonly response: ServerResponse;
  readonly answer: HeldAnswer | null;
  /** Overwrites what of the credential the host repeats in its answer. Null when it was sent none. */
  readonly mask: AnswerMask | null;
  /** The name of a member whose text is overwritten where the answer is JSON. */
  readonly hiddenMember: string | null;
  /** Sets memory aside for an answer that is held. Returns what gives it back. @throws Refusal when there is none now */
  readonly reserve: (bytes: number) => () => void;
  /** The connection stands, and nothing has been sent on it yet. Throws to send nothing. */
  readonly onStart: (controller: Dispatcher.DispatchController) => void;
  /** Asked before the head of an answer is passed on. A head that it returns replaces this attempt by another one. */
  readonly instead: (status: number) => Promise<Outgoing | null> | null;
  /** The head of the answer is passed on now. */
  readonly onAnswer: () => void;
  readonly onData: (bytes: number) => void;
}

export type AttemptEnd =
  /** The whole answer was passed on, except for its end, which the caller writes. */
  | { readonly kind: 'answered' }
  /** The answer was not passed on. The request is to be sent again with this head. */
  | { readonly kind: 'replaced'; readonly outgoing: Outgoing }
  | {
      readonly kind: 'failed';
      readonly error: Error;
      /** True when a reused connection broke before the first byte of an answer. The host may never have seen the request. */
      readonly isUnanswered: boolean;
    };

/** Codes of a connection that broke. Others, such as a timeout, say that the connection stood. */
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Sends a request once. Each side is read only as fast as the other side takes the data. */
export function attempt({
  method,
  outgoing,
  body,
  dispatch,
  response,
  answer: reading,
  mask,
  hiddenMember,
  ...hooks
}: Attempt): Promise<AttemptEnd> {
  return new Promise((resolve) => {
    let isReused = false;
    let hasAnswer = false;
    let replacement: Outgoing | null = null;
    /** What arrives while it is open whether the answer is passed on. */
    let held: (() => void)[] | null = null;
    /** Set while the answer is read as a whole, before the sandbox gets its head. */
    let whole: HeldPart | null = null;
    let member: HiddenMember | null = null;

    function inOrder(step: () => void): void {
      if (held) held.push(step);
      else step();
    }

    function passOn(answer: Dispatcher.DispatchController, status: number, reason: string | undefined): void {
      // An error thrown here reaches `onResponseError`, before anything was passed on.
      const headers = responseHeaders((answer.rawHeaders ?? []) as (Buffer | string)[], status);
      member = hiddenMember !== null && isJson(headers) ? hideMember(hiddenMember) : null;
      const wanted = reading?.isWanted(status) && hasBody(method, status) ? reading : null;
      const holding = wanted && hasRoomFor(wanted) ? wanted : null;
      hooks.onAnswer();
      response.sendDate = false;
      if (!response.req.complete) response.shouldKeepAlive = false;
      const write = (changed: readonly string[]) => {
        const shown = mask ? mask.header : (text: string) => text;
        response.writeHead(status, shown(reasonPhrase(reason)), changed.map(shown));
      };
      response.on('drain', () => answer.resume());
      if (holding) whole = holdAnswer(holding, headers, write);
      else write(headers);
    }

    /** Until the sandbox has the answer: one that nobody takes stays in memory after the host has ended it. */
    function hasRoomFor({ maxBytes, mayPassUnread }: HeldAnswer): boolean {
      try {
        const release = hooks.reserve(maxBytes);
        if (response.closed) release();
        else response.once('close', release);
        return true;
      } catch (error) {
        if (mayPassUnread) return false;
        throw error;
      }
    }

    function shown(bytes: Buffer): Buffer {
      const kept = member ? member.push(bytes) : bytes;
      return mask ? mask.push(kept) : kept;
    }

    function passData(answer: Dispatcher.DispatchController, chunk: Buffer): void {
      const out = whole ? whole.add(chunk) : chunk;
      if (out === null) return;
      whole = null;
      if (!response.write(shown(out))) answer.pause();
    }

    function passEnd(): void {
      try {
        const last = whole?.end();
        if (last) response.write(shown(last));
        const open = member?.end();
        if (open?.length) response.write(mask ? mask.push(open) : open);
        const rest = mask?.end();
        if (rest?.length) response.write(rest);
        resolve({ kind: 'answered' });
      } catch (error) {
        resolve({ kind: 'failed', error: error as Error, isUnanswered: false });
      }
    }

    async function decide(
      asked: Promise<Outgoing | null>,
      answer: Dispatcher.DispatchController,
      proceed: () => void,
    ): Promise<void> {
      try {
        replacement = await asked;
        if (replacement) {
          answer.abort(new Error('the request is sent again'));
          // Nothing is left to abort when the whole answer is here already.
          resolve({ kind: 'replaced', outgoing: replacement });
          return;
        }
        const steps = held ?? [];
        held = null;
        proceed();
        for (const step of steps) step();
        answer.resume();
      } catch (error) {
        answer.abort(error as Error);
        resolve({ kind: 'failed', error: error as Error, isUnanswered: false });
      }
    }

    dispatch(
      { path: outgoing.target, method: method as Dispatcher.HttpMethod, headers: outgoing.headers.flat(), body },
      {
        onRequestStart(controller, context: StartContext | null) {
          isReused = context?.isReused ?? false;
          try {
            hooks.onStart(controller);
          } catch (error) {
            controller.abort(error as Error);
          }
        },
        onResponseStarted() {
          hasAnswer = true;
        },
        onResponseStart(answer, status, _headers, reason) {
          // Interim answers (1xx) concern only the connection to the host, so they are not passed on.
          if (status < 200) return;
          const asked = hooks.instead(status);
          if (!asked) {
            passOn(answer, status, reason);
            return;
          }
          held = [];
          answer.pause();
          void decide(asked, answer, () => passOn(answer, status, reason));
        },
        onResponseData(answer, chunk) {
          inOrder(() => {
            hooks.onData(chunk.length);
            passData(answer, chunk);
          });
        },
        onResponseEnd: () => inOrder(passEnd),
        onResponseError(_controller, error) {
          if (replacement) return;
          const isBroken = BROKEN.has((error as NodeJS.ErrnoException).code ?? '');
          inOrder(() => resolve({ kind: 'failed', error, isUnanswered: isReused && !hasAnswer && isBroken }));
        },
      },
    );
  });
}

/** Whether an answer has a body at all (RFC 9112 6.3). */
function hasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

/** Removes the characters that `writeHead` refuses. A reason phrase has no meaning for programs. */
function reasonPhrase(text: string | undefined): string {
  return (text ?? '').replace(/[^\t\x20-\x7e]/g, '');
}
