import type { ServerResponse } from 'node:http';
import { type Exchange, eventOf, refusedRequestOf } from '../events/exchange.ts';
import type { Recorder } from '../events/recorder.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { endResponseLingering } from '../listener/lingering.ts';
import type { RateLimit } from '../listener/rate-limit.ts';
import { REFUSALS, Refusal, type RefusalAnswer, refusalAnswer } from '../refusal.ts';

export interface Refuser {
  /** Records a refusal and returns the answer for the sandbox. Pass null as `status` when no answer will be sent. */
  conclude(exchange: Exchange, error: unknown, status?: null): RefusalAnswer;
}

export interface RefuserOptions {
  readonly recorder: Recorder;
  readonly clock: MonotonicClock;
  /** Limits the refusals of one sandbox. Over the limit all of them are answered 429, after a delay. */
  readonly denials: Pick<RateLimit, 'owe'>;
  readonly onError: (error: unknown, what: string) => void;
}

/**
 * Concludes refused requests. Any other error is a bug of ours: it is reported, and the client only sees `internal`.
 */
export function createRefuser({ recorder, clock, denials, onError }: RefuserOptions): Refuser {
  function known(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    onError(error, 'a request failed inside the proxy');
    return new Refusal('internal', 'The proxy failed on this request.');
  }

  return {
    conclude(exchange, error, status) {
      let refusal = known(error);
      const holdMs = REFUSALS[refusal.code].status < 500 ? denials.owe(exchange.client.sandbox) : 0;
      if (holdMs > 0) {
        refusal = new Refusal(
          'too_many_denials',
          `Too many refused requests. The last one: ${refusal.message}`,
          refusal,
        );
      }
      const { code, message, recorded, rule, connection, asked } = refusal;
      // The exchange names no host then, and who looks for an address would not find it.
      if (asked) Object.assign(exchange, asked);
      const answer = refusalAnswer(refusal, refusedRequestOf(exchange), holdMs);
      const told = status === null ? null : answer.status;
      const ending = { outcome: 'blocked', code, reason: recorded, status: told, rule, connection } as const;
      try {
        recorder.finish(eventOf(exchange, ending, clock), exchange.lease, message);
        return answer;
      } catch (unrecorded) {
        return refusalAnswer(known(unrecorded), refusedRequestOf(exchange), holdMs);
      }
    },
  };
}

/** Sends a refusal as the answer. If the request's body has not arrived completely, the connection ends afterwards. */
export function answerRefused(response: ServerResponse, answer: RefusalAnswer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isWhole = response.req.complete;
  if (!isWhole || answer.status === 400 || answer.holdMs > 0) response.shouldKeepAlive = false;
  response.writeHead(answer.status, { ...answer.headers });
  if (isWhole) {
    response.end(answer.body);
    return;
  }
  response.write(answer.body);
  endResponseLingering(response);
}
