import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { RepositoryGrant } from '../../../../access/document.ts';
import { CLIENT_SECRET, type TokenWorld } from './token-world.ts';
import { S1, S2, SCOPE_1, SCOPE_2, startWorld, type World, type WorldPolicy } from './world.ts';

const FORGE = {
  kind: 'github',
  gitHost: 'github.com',
  gitPort: 443,
  apiHost: 'api.github.com',
  apiPort: 443,
  apiPath: '',
} as const;
/** A repository on GitHub, by the App's connection. */
export const grant = (repository: string, access: RepositoryGrant['access']): RepositoryGrant => ({
  repository,
  access,
  branches: [],
  connection: 'github',
  forge: FORGE,
});

/** A proxy whose two sandboxes may use every kind of minted token. The first may do more in repositories. */
export async function startMintingWorld(tokens: TokenWorld): Promise<{ world: World; policy: WorldPolicy }> {
  tokens.instead.clear();
  const { port } = tokens.origin;
  const world = await startWorld({
    operator: {
      staticNames: new Map(tokens.hosts.map((host) => [host, { address: '127.0.0.1', port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [tokens.authority.pem],
    },
  });
  const connections = tokens.connections.map(({ id }) => id);
  const person = await tokens.oidc.call<string>('refreshToken');
  const policy: WorldPolicy = {
    connections: tokens.connections,
    secrets: { ...tokens.secrets, person: JSON.stringify({ refresh_token: person, client_secret: CLIENT_SECRET }) },
    attached: {
      [SCOPE_1]: { connections, repositories: [grant('acme/shop', 'propose'), grant('acme/docs', 'read')] },
      [SCOPE_2]: { connections, repositories: [grant('acme/docs', 'read')] },
    },
  };
  await world.apply(policy);
  await world.openLease(S1, SCOPE_1);
  await world.openLease(S2, SCOPE_2);
  tokens.forget();
  return { world, policy };
}

/** Everything that the proxy has left behind: tables, files and what it said. */
export async function tracesOf(world: World): Promise<string> {
  const { rows } = await world.database.database.query<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
  );
  const tables = await Promise.all(
    rows.map(async ({ name }) =>
      JSON.stringify((await world.database.database.query(`select t::text from ${name} t`)).rows),
    ),
  );
  const files = readdirSync(world.folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(world.folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'latin1'));
  const said = [S1, S2].map((sandbox) => world.sandbox(sandbox).received().toString('latin1'));
  return [...tables, ...files, ...said, ...world.problems].join('\n');
}
