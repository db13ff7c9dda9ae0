import { App } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { ScopeKey } from '../contracts/scope.ts';
import type { Database } from '../store/database.ts';
import { listenTo, type Notifications } from '../store/notifications.ts';
import { clientOptions, slackLogger } from './api/client.ts';
import type { SlackIdentity } from './api/identity.ts';
import { createPacedCalls } from './api/paced-calls.ts';
import type { RateLimits } from './api/rate-limits.ts';
import { createDeliverer } from './delivery/deliverer.ts';
import { createFileFetcher } from './delivery/incoming-files.ts';
import { createThreadJoiner } from './delivery/join-thread.ts';
import type { SessionSignals } from './delivery/session-signals.ts';
import { createDirectory } from './people/directory.ts';
import { listenForDirectoryChanges } from './people/directory-listeners.ts';
import { createCatchUp } from './receiving/catch-up.ts';
import { keepIncoming } from './receiving/keep-incoming.ts';
import { createInboxReceiver } from './receiving/receiver.ts';
import { createSocketConnection } from './receiving/socket-connection.ts';
import { createOutboxSender } from './sending/outbox-sender.ts';

export interface GatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface GatewayOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly client: WebClient;
  readonly identity: SlackIdentity;
  readonly appToken: string;
  readonly botToken: string;
  readonly apiUrl: string;
  readonly signals: SessionSignals;
  readonly isEnabled: (scope: ScopeKey) => Promise<boolean>;
  readonly log: GatewayLog;
  readonly now?: () => Date;
  /** @default Slack's documented limits */
  readonly limits?: RateLimits;
  /** After that long without delivery a thread is told. @default 60000 */
  readonly overdueMs?: number;
  /** How often overdue messages are looked for. @default 5000 */
  readonly sweepMs?: number;
}

export interface Gateway {
  stop(): Promise<void>;
}

/** Connects Slack with inbox and outbox. Resolves with the first connection to Slack. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, client, identity, log, now = () => new Date() } = options;
  const slackLog = {
    warn: (message: string) => log.warn({ component: 'slack' }, message),
    error: (message: string) => log.error({ component: 'slack' }, message),
  };
  const calls = createPacedCalls({
    db: database,
    client,
    team: identity.team,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const directory = createDirectory({ db: database, calls, identity, now });
  const sender = createOutboxSender({ database, calls, apiUrl: options.apiUrl, log, now });
  const fetchFiles = createFileFetcher({ db: database, botToken: options.botToken, apiUrl: options.apiUrl });
  const deliverer = createDeliverer({
    database,
    identity,
    directory,
    signals: options.signals,
    fetchFiles,
    joinThread: createThreadJoiner({ db: database, calls, identity, directory, fetchFiles, log }),
    isEnabled: options.isEnabled,
    now,
    log,
    onDelivered: sender.poke,
    ...(options.overdueMs === undefined ? {} : { overdueMs: options.overdueMs }),
    ...(options.sweepMs === undefined ? {} : { sweepMs: options.sweepMs }),
  });
  const keep = async (body: unknown, earlier: readonly Promise<void>[]): Promise<void> => {
    if (await keepIncoming(database, identity, body, earlier)) deliverer.poke();
  };
  const connection = createSocketConnection({
    appToken: options.appToken,
    client: clientOptions(options.apiUrl, slackLog),
    logger: slackLogger(slackLog),
    onConnected: () => catchUp.connected(),
    onTrouble: (code, retryMs) => log.warn({ code, retryMs }, 'no Socket Mode connection; trying again'),
  });
  const catchUp = createCatchUp({
    db: database,
    calls,
    identity,
    directory,
    connection,
    now,
    log,
    onKept: deliverer.poke,
  });
  const receiver = createInboxReceiver({
    connection,
    keep,
    onMissed: (error) => {
      catchUp.missed();
      log.error({ reason: String(error) }, 'an event could not be stored and was left to Slack to send again');
    },
    onListenerError: (error) => log.warn({ reason: String(error) }, 'a listener failed'),
  });
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: options.botToken, botId: identity.botId, botUserId: identity.botUser }),
    clientOptions: clientOptions(options.apiUrl, slackLog),
    logger: slackLogger(slackLog),
    convoStore: false,
  });
  listenForDirectoryChanges(app, directory);
  const notifications = listenForWork(options.databaseUrl, deliverer.poke, sender.poke);
  await app.start();

  return {
    async stop() {
      await app.stop();
      await Promise.all([receiver.drain(), catchUp.stop()]);
      await deliverer.stop();
      await sender.stop();
      await notifications.stop();
    },
  };
}

function listenForWork(url: string, onInbox: () => void, onOutbox: () => void): Notifications {
  return listenTo({
    url,
    name: 'gateway',
    channels: ['bellhop_inbox', 'bellhop_outbox'],
    onNotify: (channel) => (channel === 'bellhop_inbox' ? onInbox() : onOutbox()),
  });
}
