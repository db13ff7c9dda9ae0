import type { FastifyInstance } from 'fastify';

const PAGE = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Slack simulator</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem">
<h1>This is a simulator, not Slack</h1>
<p>It speaks the parts of Slack's Web API and Socket Mode that Bellhop uses, for the demo and for tests. Nothing said here
reaches Slack, and nobody but you reads it.</p>
<p>Apps connect with <code>SLACK_API_URL</code> set to this address followed by <code>/api/</code>.
Bellhop's page shows the conversations.</p>
</body></html>`;

/** The page that a browser shows for the simulator and for its message links. */
export function registerLanding(server: FastifyInstance): void {
  for (const path of ['/', '/archives/:channel/:message', '/files/:user/:id/:name']) {
    server.get(path, (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  }
}
