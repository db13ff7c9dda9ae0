/**
 * A service as agents ask them: HTTPS, 1 KB of JSON. Says whether the request carried the credential.
 *
 * Environment: ORIGIN_FOLDER (where its certificate authority lives), ORIGIN_HOST (the name in its certificate).
 * Prints one line of JSON when it listens: `port`, and `authority`, the path of the certificate to trust.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServerIdentity } from '../../simulators/acme/authority.ts';

const identity = await createServerIdentity(process.env.ORIGIN_FOLDER ?? '', [process.env.ORIGIN_HOST ?? '']);
const padding = 'x'.repeat(960);
const answers = [true, false].map((authorized) => Buffer.from(JSON.stringify({ authorized, padding })));
const server = createServer(
  { key: identity.key, cert: identity.certificate, keepAliveTimeout: 60_000 },
  (request, response) => {
    const body = answers[request.headers.authorization === undefined ? 1 : 0];
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body?.length ?? 0 });
    response.end(body);
  },
);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ port, authority: identity.authorityPath }));
});
