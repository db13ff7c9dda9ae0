import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { SetupState } from '../../../contracts/setup-state.ts';
import type { PageInfo } from '../contract/page.ts';
import type { AcmeAddress } from './acme-client.ts';
import { addAcmeRoutes } from './acme-routes.ts';
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
  /** Adds the routes of the web app's own files. */
  readonly addWeb: (app: FastifyInstance) => void;
  readonly setup: Pick<WatchedJson<SetupState>, 'current' | 'subscribe'>;
  readonly slack: SlackSource;
  readonly threads: Threads;
  /** Where the outside world is; undefined until that is known. */
  readonly acme: () => AcmeAddress | undefined;
  readonly info: () => Promise<PageInfo>;
  readonly killWorker: () => Promise<void>;
  readonly log: Logger;
}

const LIVE = z.object({ session: SESSION.optional() });

/** The page's server, not listening yet. */
export function createPage(dependencies: PageDependencies): FastifyInstance {
  const { token, addWeb, setup, slack, threads, acme, info, killWorker, log } = dependencies;
  const app = Fastify({ forceCloseConnections: true });
  addGuard(app, { token, port: () => portOf(app) });
  addErrorAnswers(app, (error) => log.error(error));
  addSlackRoutes(app, slack);
  addAcmeRoutes(app, { acme, slack });
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

  addWeb(app);
  return app;
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
