/** What the load generator is told. */
export interface LoadOrder {
  readonly host: string;
  /** Where to connect without a proxy; null goes by the sandbox's own way out. */
  readonly direct: { readonly port: number; readonly authority: string } | null;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly failed: number;
  readonly authorized: boolean;
}

/**
 * The same program on both sides, for `node -e` inside the image. Each connection is kept and asks again as soon as it
 * has been answered. The first second is not counted: connections are opened in it.
 */
export const LOAD_GENERATOR = `
const https = require('node:https');
const { host, direct, connections, seconds } = JSON.parse(process.argv[1]);
const agent = new https.Agent({ keepAlive: true, maxSockets: connections, ...(direct ? {} : { proxyEnv: process.env }) });
const target = direct
  ? { host: '127.0.0.1', port: direct.port, ca: direct.authority, servername: host, headers: { host, authorization: 'Bearer of-its-own' } }
  : { host, port: 443 };
const ask = () => new Promise((resolve, reject) => {
  const request = https.request({ agent, path: '/v1/rows', ...target }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (response.statusCode === 200) resolve(body);
      else reject(new Error(response.statusCode + ' ' + body));
    });
  });
  request.on('error', reject);
  request.end();
});
(async () => {
  const { authorized } = JSON.parse(await ask());
  const from = Date.now() + 1000, until = from + seconds * 1000;
  let counted = 0, failed = 0;
  await Promise.all(Array.from({ length: connections }, async () => {
    for (;;) {
      const ok = await ask().then(() => true, () => false);
      const now = Date.now();
      if (now >= until) return;
      if (now < from) continue;
      if (ok) counted += 1; else failed += 1;
    }
  }));
  console.log(JSON.stringify({ perSecond: counted / seconds, failed, authorized }));
  agent.destroy();
})().catch((error) => { console.error(error); process.exit(1); });
`;
