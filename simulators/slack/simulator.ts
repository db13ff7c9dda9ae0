import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { assistantMethods } from './api/assistant.ts';
import { chatMethods } from './api/chat.ts';
import { connectionMethods } from './api/connections.ts';
import { conversationMethods } from './api/conversations.ts';
import { fileMethods } from './api/files.ts';
import type { MethodDependencies } from './api/method.ts';
import { peopleMethods } from './api/people.ts';
import { createRateLimiter } from './api/rate-limits.ts';
import { reactionMethods } from './api/reactions.ts';
import { registerApi } from './api/router.ts';
import { streamMethods } from './api/streams.ts';
import { viewMethods } from './api/views.ts';
import { createCallLog } from './calls.ts';
import { type Changes, createChanges } from './changes.ts';
import { ControlError } from './control/errors.ts';
import { registerControl } from './control/routes.ts';
import { createChangeStream } from './control/stream.ts';
import { createViews, type Views } from './control/view.ts';
import { createAppEvents } from './events/app-events.ts';
import { eventCallback } from './events/event-callback.ts';
import { createFaults } from './faults.ts';
import { createFileStore } from './files/file-store.ts';
import { registerFileRoutes } from './files/routes.ts';
import { registerLanding } from './landing.ts';
import { createConversations } from './operations/conversations.ts';
import { createMessages } from './operations/messages.ts';
import { createResponseUrls } from './response-url.ts';
import { createFileShapes } from './shapes/file.ts';
import { createMessageShapes } from './shapes/message.ts';
import { createSnapshot } from './snapshot.ts';
import { createDeliveryQueue, type DeliveryOptions } from './socket/delivery.ts';
import { createSockets } from './socket/sockets.ts';
import { createTimers } from './timers.ts';
import { type AppViews, createAppViews } from './views/views.ts';
import type { Channel, Person } from './world/types.ts';
import { createWorld, type World } from './world/world.ts';

export interface SimulatorOptions extends Partial<DeliveryOptions> {
  /** 0 for any free port. */
  readonly port: number;
  /** Tokens the simulated app has. */
  readonly tokens: { readonly app: string; readonly bot: string };
  readonly controlToken: string;
  /** Keeps conversations over a restart. */
  readonly stateFile?: string;
  /** How long a completed upload takes until its message appears, in milliseconds. */
  readonly fileProcessingMs?: number;
  /** How long a status line of a thread stays, in milliseconds. @default two minutes, as in Slack */
  readonly statusLifeMs?: number;
  /** How long a message may be streamed. @default SLACK_STREAM_LIFE_MS */
  readonly streamLifeMs?: number;
  /** People and channels beside the usual ones: a crowd for a measurement under load. */
  readonly more?: { readonly people: readonly Person[]; readonly channels: readonly Channel[] };
  /** Refuses calls that come faster than Slack takes them. Off, only a fault answers 429. @default false */
  readonly limitRates?: boolean;
  readonly warn?: (message: string) => void;
}

export interface Simulator extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** What `SLACK_API_URL` of an app is set to. */
  readonly apiUrl: string;
  /** For tests and measurements in the same process, which then need not ask again and again over HTTP. */
  readonly world: World;
  readonly changes: Pick<Changes, 'follow'>;
  readonly views: Views;
  /** Modals and Home tabs. */
  readonly appViews: Pick<AppViews, 'all'>;
  /** How many sockets the app has open. */
  sockets(): number;
  close(): Promise<void>;
}

/** The largest upload taken; Slack's own limit is far higher. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Slack's own times (docs.slack.dev/apis/events-api#retries). */
export const SLACK_DELIVERY: DeliveryOptions = {
  ackTimeoutMs: 3_000,
  retryDelaysMs: [0, 60_000, 300_000],
  holdWithoutSocket: false,
};

/** Slack ends a status line by itself after two minutes (docs.slack.dev, assistant.threads.setStatus). */
export const SLACK_STATUS_LIFE_MS = 120_000;
/** Slack ends a stream so long after its start, also while text is added. Users of other apps saw it; no page of Slack says it. */
export const SLACK_STREAM_LIFE_MS = 300_000;

/** Starts a Slack simulator on 127.0.0.1. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const now = Date.now;
  const timers = createTimers();
  const snapshot =
    options.stateFile === undefined ? null : createSnapshot(options.stateFile, options.warn ?? (() => {}));
  const world = createWorld(now, snapshot?.load() ?? null, options.more);
  snapshot?.loadBytes(world);
  const changes = createChanges(now());
  const faults = createFaults();
  const calls = createCallLog();
  const sockets = createSockets(changes, timers);
  const delivery = createDeliveryQueue(sockets, timers, faults, { ...SLACK_DELIVERY, ...given(options) });
  let url = '';
  const baseUrl = () => url;

  const fileShapes = createFileShapes(world, baseUrl);
  const messageShapes = createMessageShapes(world, fileShapes);
  const events = createAppEvents(world, messageShapes, (event, channel) =>
    delivery.event(eventCallback(event, channel, now())),
  );
  const messages = createMessages({ world, changes, events, shapes: messageShapes });
  const conversations = createConversations({ world, changes, events, messages, now });
  const files = createFileStore(world, now);
  const responseUrls = createResponseUrls({ world, changes, messages, timers, baseUrl });
  const appViews = createAppViews(changes, now);
  const shared: MethodDependencies = {
    ...{ world, changes, messages, conversations, messageShapes, fileShapes, files, baseUrl },
  };
  const methods = {
    ...peopleMethods(shared),
    ...connectionMethods(sockets, baseUrl),
    ...chatMethods(shared),
    ...streamMethods(shared, { streamLifeMs: options.streamLifeMs ?? SLACK_STREAM_LIFE_MS }),
    ...reactionMethods(shared),
    ...conversationMethods(shared),
    ...fileMethods(shared, timers, { processingMs: options.fileProcessingMs ?? 300 }),
    ...assistantMethods(shared, timers, { statusLifeMs: options.statusLifeMs ?? SLACK_STATUS_LIFE_MS }),
    ...viewMethods(world, appViews),
  };

  const server = createServer();
  registerLanding(server);
  const rates = options.limitRates ? createRateLimiter(timers, now) : null;
  registerApi(server, { methods, faults, calls, rates, tokens: options.tokens });
  registerFileRoutes(server, { world, files, faults, isBotToken: (token) => token === options.tokens.bot });
  responseUrls.register(server);
  const views = createViews(world, changes, sockets, appViews);
  const stream = createChangeStream(changes, views, timers);
  registerControl(server, {
    ...{ world, changes, events, messages, conversations, files, delivery, responseUrls, messageShapes, appViews },
    ...{ views, stream, faults, calls, sockets, token: options.controlToken },
  });
  server.server.on('upgrade', sockets.upgrade);
  const keeping = snapshot?.follow(world, changes, timers);
  url = await server.listen({ port: options.port, host: '127.0.0.1' });

  let closing: Promise<void> | null = null;
  function close(): Promise<void> {
    closing ??= (async () => {
      timers.clear();
      await sockets.close();
      server.server.closeAllConnections();
      await server.close();
      keeping?.flush();
    })();
    return closing;
  }
  return {
    url,
    apiUrl: `${url}/api/`,
    world,
    changes,
    views,
    appViews,
    sockets: () => sockets.open,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createServer(): FastifyInstance {
  const server = fastify({
    bodyLimit: MOST_BYTES,
    forceCloseConnections: true,
    genReqId: () => randomUUID(),
    // Names of files stand in their addresses, each letter as up to twelve.
    routerOptions: { maxParamLength: 255 * 12 },
  });
  // Every body is read whole and understood by its receiver: Slack takes form, JSON, multipart and raw bytes.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof ControlError) {
      return reply.code(error.status).send({ ok: false, error: error.code, message: error.message });
    }
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    return reply.code(status).send({ ok: false, error: status === 500 ? 'internal_error' : 'bad_request' });
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ ok: false, error: 'not_found' }));
  return server;
}

/** Only the delivery options that were given, so that an undefined one does not hide Slack's own. */
function given(options: Partial<DeliveryOptions>): Partial<DeliveryOptions> {
  const { ackTimeoutMs, retryDelaysMs, holdWithoutSocket } = options;
  return {
    ...(ackTimeoutMs === undefined ? {} : { ackTimeoutMs }),
    ...(retryDelaysMs === undefined ? {} : { retryDelaysMs }),
    ...(holdWithoutSocket === undefined ? {} : { holdWithoutSocket }),
  };
}
