import { randomUUID } from 'node:crypto';
import type { EventCallback } from '../events/event-callback.ts';
import type { Faults } from '../faults.ts';
import type { Timers } from '../timers.ts';
import type { Sockets } from './sockets.ts';

export interface DeliveryOptions {
  /** How long an acknowledgement may take. Slack: 3,000 ms. */
  readonly ackTimeoutMs: number;
  /** Waits before the retries of an unacknowledged event. Slack: at once, a minute, five minutes. */
  readonly retryDelaysMs: readonly number[];
  /**
   * Whether events wait for a socket when none is open. Slack does not wait: attempts fail, and after the last
   * retry the event is lost.
   */
  readonly holdWithoutSocket: boolean;
}

/** One event or interaction and how its delivery went. */
export interface Delivery {
  readonly id: string;
  readonly kind: 'events_api' | 'interactive';
  /** `message`, `app_mention`, `block_actions`, … */
  readonly type: string;
  sent: number;
  acknowledged: boolean;
  /** Nothing more will be tried. */
  givenUp: boolean;
  /** From the first sending to the acknowledgement, in milliseconds; null while there is none. */
  ackMs: number | null;
  sentAt: number | null;
}

export interface DeliveryQueue {
  event(callback: EventCallback): void;
  /** Interactions are sent once, without retries. @param settled told whether the app acknowledged in time */
  interaction(payload: Readonly<Record<string, unknown>>, settled: (acknowledged: boolean) => void): void;
  /** An interaction whose acknowledgement says what happens next. Resolves with it, or after the time that it has. */
  answered(
    payload: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly acknowledged: boolean; readonly answer: unknown }>;
  readonly log: readonly Delivery[];
}

const LOG_LENGTH = 10_000;

/**
 * Sends events and interactions over Socket Mode and repeats unacknowledged events as `options` say
 * (docs.slack.dev/apis/events-api, "Retries").
 */
export function createDeliveryQueue(
  sockets: Sockets,
  timers: Timers,
  faults: Faults,
  options: DeliveryOptions,
): DeliveryQueue {
  const log: Delivery[] = [];
  const awaitingAck = new Map<string, Delivery>();
  const answers = new Map<string, (answer: unknown) => void>();
  let held: (() => void)[] = [];

  sockets.onMessage((message) => {
    const id = message !== null && typeof message === 'object' && 'envelope_id' in message ? message.envelope_id : null;
    const delivery = typeof id === 'string' ? awaitingAck.get(id) : undefined;
    if (delivery === undefined) return;
    if (faults.lostAcks > 0) {
      faults.lostAcks -= 1;
      return;
    }
    delivery.acknowledged = true;
    answers.get(delivery.id)?.((message as { payload?: unknown }).payload);
    if (delivery.sentAt !== null) delivery.ackMs ??= performance.now() - delivery.sentAt;
  });
  sockets.onConnect(() => {
    const waiting = held;
    held = [];
    for (const attempt of waiting) attempt();
  });

  function record(id: string, kind: Delivery['kind'], type: string): Delivery {
    const delivery: Delivery = {
      id,
      kind,
      type,
      sent: 0,
      acknowledged: false,
      givenUp: false,
      ackMs: null,
      sentAt: null,
    };
    log.push(delivery);
    if (log.length > LOG_LENGTH) log.splice(0, LOG_LENGTH / 10);
    return delivery;
  }

  function send(delivery: Delivery, payload: unknown, retry: { attempt: number; reason: string } | null): boolean {
    const envelopeId = randomUUID();
    const plain = { envelope_id: envelopeId, payload, type: delivery.kind };
    const sent = sockets.send(
      retry === null
        ? { ...plain, accepts_response_payload: true }
        : {
            ...plain,
            accepts_response_payload: false,
            retry_attempt: retry.attempt,
            retry_reason: retry.reason,
          },
    );
    if (sent) {
      delivery.sent += 1;
      delivery.sentAt ??= performance.now();
      awaitingAck.set(envelopeId, delivery);
      timers.after(options.ackTimeoutMs * 10, () => awaitingAck.delete(envelopeId));
    }
    return sent;
  }

  function attempt(delivery: Delivery, callback: EventCallback, number: number): void {
    if (delivery.acknowledged) return;
    if (sockets.open === 0 && options.holdWithoutSocket) {
      held.push(() => attempt(delivery, callback, number));
      return;
    }
    const sent = send(delivery, callback, { attempt: number, reason: number === 0 ? '' : 'timeout' });
    timers.after(sent ? options.ackTimeoutMs : 0, () => {
      if (delivery.acknowledged) return;
      const delay = options.retryDelaysMs[number];
      if (delay === undefined) delivery.givenUp = true;
      else timers.after(delay, () => attempt(delivery, callback, number + 1));
    });
  }

  return {
    event(callback) {
      const delivery = record(callback.event_id, 'events_api', callback.event.type);
      if (faults.lostEvents > 0) {
        faults.lostEvents -= 1;
        delivery.givenUp = true;
        return;
      }
      attempt(delivery, callback, 0);
      for (let copy = 1; copy < faults.copies; copy += 1) {
        send(delivery, callback, { attempt: copy, reason: 'timeout' });
      }
    },
    interaction(payload, settled) {
      const delivery = record(randomUUID(), 'interactive', String(payload.type));
      const sent = send(delivery, payload, null);
      timers.after(sent ? options.ackTimeoutMs : 0, () => {
        delivery.givenUp = !delivery.acknowledged;
        settled(delivery.acknowledged);
      });
    },
    answered(payload) {
      const delivery = record(randomUUID(), 'interactive', String(payload.type));
      return new Promise((resolve) => {
        const settle = (acknowledged: boolean, answer: unknown): void => {
          answers.delete(delivery.id);
          delivery.givenUp = !acknowledged;
          resolve({ acknowledged, answer });
        };
        answers.set(delivery.id, (answer) => settle(true, answer));
        const sent = send(delivery, payload, null);
        timers.after(sent ? options.ackTimeoutMs : 0, () => settle(delivery.acknowledged, undefined));
      });
    },
    log,
  };
}
