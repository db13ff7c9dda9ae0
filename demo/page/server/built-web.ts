import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Serves the built web app from its folder. */
export function addBuiltWeb(app: FastifyInstance, folder: string): void {
  app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    // Names of built files contain a hash of their content, so they may be cached. The page itself is never cached.
    setHeaders: (reply, file) =>
      void reply.header('cache-control', file.endsWith('.html') ? 'no-store' : 'private, max-age=31536000'),
  });
}
