import type { Connection } from '../../../../access/document.ts';
import { mcpRule } from '../../../../access/parse-file/mcp-schema.ts';
import { connection } from '../../../support/access-document.ts';
import { type EverythingServer, startEverythingServer } from '../../../support/mcp/everything-server.ts';
import { createHostileServer, type HostileServer } from '../../../support/mcp/hostile-server.ts';
import { type Origin, startOrigin } from './origin.ts';
import { createTestAuthority } from './test-authority.ts';
import { S1, SCOPE_1, startWorld, type World, type WorldPolicy } from './world.ts';

/** A proxy with two MCP servers behind TLS: the reference server, and a hostile one. */
export interface McpWorld extends AsyncDisposable {
  readonly world: World;
  readonly origin: Origin;
  readonly everything: EverythingServer;
  readonly hostile: HostileServer;
  /** Both servers as connections. Everything is allowed but `delete_*`. */
  readonly servers: readonly Connection[];
  apply(policy?: WorldPolicy): Promise<void>;
}

const RULES = { allow: [{ pattern: '*', line: 7 }], deny: [{ pattern: 'delete_*', line: 8 }] };

/** Its own name leads to it, and a second name, which a rule opens no address for, leads to the same machine. */
export async function startMcpWorld(): Promise<McpWorld> {
  const authority = await createTestAuthority();
  const everything = await startEverythingServer();
  const hosts = ['everything.mcp.test', 'hostile.mcp.test', 'inside.mcp.test'];
  const hostile = createHostileServer('https://inside.mcp.test/mcp');
  const origin = await startOrigin({
    authority,
    hosts,
    onRequest: (request, response) =>
      request.headers.host?.startsWith('everything')
        ? everything.onRequest(request, response)
        : hostile.onRequest(request, response),
  });
  const world = await startWorld({
    operator: {
      staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port: origin.port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [origin.port] }],
      caBundles: [authority.pem],
    },
  });
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  const servers = [
    mcpConnection('everything', 'https://everything.mcp.test/mcp', addresses),
    mcpConnection('hostile', 'https://hostile.mcp.test/mcp', addresses),
    // Its address is a private one, which no rule opens.
    mcpConnection('inside', 'https://inside.mcp.test/mcp', []),
  ];
  const apply = (policy: WorldPolicy = {}) =>
    world.apply({
      connections: servers,
      attached: { [SCOPE_1]: { connections: servers.map(({ id }) => id) } },
      ...policy,
    });
  await apply();
  await world.openLease(S1, SCOPE_1);
  return {
    ...{ world, origin, everything, hostile, servers, apply },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
      await everything[Symbol.asyncDispose]();
    },
  };
}

export function mcpConnection(
  id: string,
  url: string,
  addresses: Connection['rules'][number]['addresses'],
): Connection {
  const { inject, ports, ...rest } = mcpRule(url, [...addresses]);
  const rule = {
    ...({
      action: 'inject',
      host: inject[0] ?? '',
      port: ports[0] ?? 443,
      scheme: 'https',
      line: 5,
      addresses: [],
    } as const),
    ...rest,
  };
  return { ...connection(id, rule.host), rules: [rule], mcp: { url, tools: RULES } };
}
