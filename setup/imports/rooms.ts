/**
 * Imports point one way: the rooms that each room may import besides itself. `test` and `bench` may import everything, and
 * nothing imports them.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  contracts: ['access'],
  access: ['contracts'],
  workflows: ['contracts', 'access'],
  store: ['contracts', 'access'],
  credentials: ['contracts', 'access'],
  docker: ['contracts'],
  proxy: ['contracts', 'access', 'credentials', 'store'],
  // The only room with the client of MCP. It opens no connection of its own: it is given a way to send.
  mcp: ['contracts', 'access'],
  agent: ['contracts', 'access', 'mcp', 'store'],
  slack: ['contracts', 'access', 'store'],
  activities: ['contracts', 'access', 'agent', 'docker', 'mcp', 'proxy', 'slack', 'store'],
  admin: ['contracts', 'access', 'store'],
  setup: ['contracts', 'access', 'docker', 'store'],
  simulators: [],
  demo: ['contracts', 'access', 'admin', 'simulators', 'store'],
  // Only these two wire rooms together.
  workers: [
    'contracts',
    'access',
    'activities',
    'agent',
    'credentials',
    'docker',
    'mcp',
    'proxy',
    'setup',
    'slack',
    'store',
    'workflows',
  ],
  cli: ['contracts', 'access', 'credentials', 'docker', 'mcp', 'proxy', 'setup', 'slack', 'store', 'workers'],
};

/** What only some rooms may import: packages, and single files of ours. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  pg: ['store', 'setup'],
  dockerode: ['docker'],
  '@modelcontextprotocol/sdk/client/index.js': ['mcp'],
  '@modelcontextprotocol/sdk/server/mcp.js': ['simulators'],
  '@modelcontextprotocol/sdk/server/streamableHttp.js': ['simulators'],
  '@modelcontextprotocol/sdk/client/streamableHttp.js': ['mcp'],
  '@modelcontextprotocol/sdk/types.js': ['mcp'],
  // Opening a credential is the proxy's alone.
  'credentials/open.ts': ['proxy'],
  // Keys of models are sealed for the agent worker's own key pair.
  'credentials/open-model-key.ts': ['workers'],
};

const EVERYWHERE = ['test', 'bench'];

/** Why a file may not import a target (a path from the root, or a package), or undefined when it may. */
export function refuseImport(file: string, target: string): string | undefined {
  const from = roomOf(file);
  if (EVERYWHERE.includes(from)) return undefined;
  const reserved = RESERVED[target];
  if (reserved && !reserved.includes(from) && from !== roomOf(target)) return `only ${reserved.join(', ')} may`;
  const to = roomOf(target);
  if (from === to || (!(to in ROOMS) && !EVERYWHERE.includes(to))) return undefined;
  if (EVERYWHERE.includes(to)) return `nothing imports ${to}`;
  const allowed = ROOMS[from];
  if (!allowed) return `${from}/ is not listed in setup/imports/rooms.ts`;
  return allowed.includes(to) ? undefined : `${from} may import ${allowed.join(', ') || 'nothing of ours'}`;
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file;
}
