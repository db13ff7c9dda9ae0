import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SetupState } from '../../../contracts/setup-state.ts';
import type { PageInfo } from '../contract/page.ts';
import { addErrorAnswers } from './errors.ts';
import { openEventStream } from './event-stream.ts';
import { addGuard } from './guard.ts';
import { addSlackRoutes } from './slack-routes.ts';
import type { SlackSource } from './slack-source.ts';
import { addThreadRoutes, SESSION } from './thread-routes.ts';
import type { Threads } from './threads.ts';
import type { WatchedJson } from './watched-json.ts';

export interface PageDependencies {
  readonly token: string;
  /** The folder of the built web app. */
  readonly webRoot: string;
  readonly setup: Pick<WatchedJson<SetupState>, 'current' | 'subscribe'>;
  readonly slack: SlackSource;
  readonly threads: Threads;
  readonly info: () => Promise<PageInfo>;
  readonly killWorker: () => Promise<void>;
  readonly log: FastifyBaseLogger;
}

const LIVE = z.object({ session: SESSION.optional() });

/** The page's server, not listening yet. */
export function createPage(dependencies: PageDependencies): FastifyInstance {
  const { token, webRoot, setup, slack, threads, info, killWorker, log } = dependencies;
  const app = Fastify({ loggerInstance: log, disableRequestLogging: true, forceCloseConnections: true });
  addGuard(app, { token, port: () => portOf(app) });
  addErrorAnswers(app);
  addSlackRoutes(app, slack);
  addThreadRoutes(app, { threads, killWorker });

  app.get('/api/live', (request, reply) => {
    const { session } = LIVE.parse(request.query);
    const stream = openEventStream(request, reply);
    const sendInfo = () => void info().then((value) => stream.send('info', value));
    const current = setup.current();
    if (current) stream.send('setup', current);
    sendInfo();
    const ends = [
      setup.subscribe((state) => {
        stream.send('setup', state);
        sendInfo();
      }),
      slack.follow({
        onWorkspace: (workspace) => stream.send('workspace', workspace),
        onChange: (change) => stream.send('slack', change),
      }),
      ...(session ? [threads.follow(session, (thread) => stream.send('thread', thread))] : []),
    ];
    stream.onClose(() => {
      for (const end of ends) end();
    });
  });

  app.register(fastifyStatic, {
    root: webRoot,
    // The names of built files carry a hash of their content; the page itself is always asked for anew.
    cacheControl: false,
    setHeaders: (reply, file) =>
      void reply.header('cache-control', file.endsWith('.html') ? 'no-store' : 'private, max-age=31536000'),
  });
  return app;
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
