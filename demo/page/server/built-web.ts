import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Serves the built web app from its folder. */
export function addBuiltWeb(app: FastifyInstance, folder: string): void {
  app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    // The names of built files carry a hash of their content; the page itself is always asked for anew.
    setHeaders: (reply, file) =>
      void reply.header('cache-control', file.endsWith('.html') ? 'no-store' : 'private, max-age=31536000'),
  });
}
