import type { IncomingMessage, ServerResponse } from 'node:http';
import { beginExchange, type Exchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import { discardInput } from '../listener/lingering.ts';
import { Refusal } from '../refusal.ts';
import { isStatusPage, sendStatusPage } from '../status-page.ts';
import type { Admission } from './admission.ts';
import type { Judge } from './judge-request.ts';
import { readTarget } from './read-target.ts';
import { answerRefused, type Refuser } from './refuse.ts';
import { readHead } from './request-head.ts';
import type { Sender } from './send-request.ts';

export interface RequestHandlerOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly judge: Judge;
  readonly sender: Sender;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
}

export type HandleRequest = (request: IncomingMessage, response: ServerResponse, expectation: string | null) => void;

/** Answers ordinary requests: plain ones for a whole URL, and those inside an intercepted tunnel. */
export function createRequestHandler(options: RequestHandlerOptions): HandleRequest {
  const { admission, clients, judge, sender, refuser, clock } = options;

  async function handle(exchange: Exchange, response: ServerResponse, expectation: string | null): Promise<void> {
    try {
      const head = readHead(response.req);
      const target = readTarget(exchange, head);
      const lease = admission.admit(exchange.client);
      if (!clients.hasRequestRoom(exchange.client)) {
        throw new Refusal('too_many_requests', 'This sandbox has too many requests under way.');
      }
      if (exchange.transport === 'plain' && isStatusPage(target.authority)) {
        sendStatusPage(response, lease);
        return;
      }
      const judged = await judge.judge(exchange, { head, target, lease, expectation });
      await sender.send(exchange, judged, response);
    } catch (error) {
      const answer = refuser.conclude(exchange, error);
      if (answer.holdMs > 0) {
        // The connection ends with this answer, and nothing that comes after it is a request any more.
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
    client.underWay += 1;
    client.reading = { message: request, fail: (fault) => exchange.cut(fault) };
    const handled = handle(exchange, response, expectation).finally(() => {
      client.underWay -= 1;
    });
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
