import type { IncomingMessage, ServerResponse } from 'node:http';
import { beginExchange, type Exchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import { discardInput } from '../listener/lingering.ts';
import { Refusal } from '../refusal.ts';
import { isStatusPage, sendStatusPage } from '../status-page.ts';
import type { Admission } from './admission.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Judge } from './judge-request.ts';
import { readTarget } from './read-target.ts';
import { answerRefused, type Refuser } from './refuse.ts';
import { createRequestBody } from './request-body.ts';
import { readHead, valuesOf } from './request-head.ts';
import type { Sender } from './send-request.ts';

export interface RequestHandlerOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly judge: Judge;
  readonly sender: Sender;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
  /** How long a client may pause while it sends a body. */
  readonly bodySilenceMs: number;
  readonly bodies: BodyBudget;
}

export type HandleRequest = (request: IncomingMessage, response: ServerResponse, expectation: string | null) => void;

/** Answers every request but CONNECT: plain requests for a whole URL, and requests inside an intercepted tunnel. */
export function createRequestHandler(options: RequestHandlerOptions): HandleRequest {
  const { admission, clients, judge, sender, refuser, clock, bodySilenceMs, bodies } = options;

  /** Aborted when the answer can reach nobody any more, or something else stops the request. */
  function endingOf(exchange: Exchange, response: ServerResponse): AbortSignal {
    const ending = new AbortController();
    exchange.cut = (fault) => {
      exchange.fault ??= fault;
      ending.abort(fault);
    };
    response.once('close', () => ending.abort(whyClosed(exchange)));
    return ending.signal;
  }

  /** A connection of the sandbox is closed by its client, or by the proxy when its turn ends. */
  function whyClosed({ client }: Exchange): Refusal {
    try {
      admission.admit(client);
      return new Refusal('client_abort', 'The client broke off.');
    } catch (error) {
      const refusal = error as Refusal;
      return refusal.code === 'no_lease' ? new Refusal('lease_ended', 'The turn of this request ended.') : refusal;
    }
  }

  async function handle(exchange: Exchange, response: ServerResponse, expectation: string | null): Promise<void> {
    const signal = endingOf(exchange, response);
    try {
      const head = readHead(response.req);
      exchange.readsText = valuesOf(head.headers, 'user-agent').some((agent) => agent.startsWith('git/'));
      const target = readTarget(exchange, head);
      const lease = admission.admit(exchange.client);
      if (!clients.hasRequestRoom(exchange.client)) {
        throw new Refusal('too_many_requests', 'This sandbox has too many requests under way.');
      }
      if (exchange.transport === 'plain' && isStatusPage(target.authority)) {
        sendStatusPage(response, lease);
        return;
      }
      const body = createRequestBody(response, {
        waits: expectation !== null,
        silenceMs: bodySilenceMs,
        reserve: (bytes) => bodies.take(exchange.client.sandbox, bytes),
      });
      const judged = await judge.judge(exchange, { head, target, lease, expectation, signal, body });
      await sender.send(exchange, judged, response);
    } catch (error) {
      const answer = refuser.conclude(exchange, error, ...(response.destroyed ? [null] : []));
      if (answer.holdMs > 0) {
        // The connection ends with this answer. Nothing that still comes on it is read as a request.
        if (!exchange.client.broken) discardInput(response.req.socket);
        exchange.client.broken = true;
        await closedOrAfter(response, answer.holdMs);
      }
      answerRefused(response, answer);
    }
  }

  return (request, response, expectation) => {
    const client = clients.of(request.socket);
    if (client.broken) return;
    const exchange = beginExchange(client, clock);
    exchange.method = request.method ?? '';
    exchange.lease = admission.leaseOf(client);
    clients.begin(client, response);
    client.reading = { message: request, fail: (fault) => exchange.cut(fault) };
    const handled = handle(exchange, response, expectation);
    if (client.lease) clients.track(client.lease, handled);
  };
}

function closedOrAfter(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
