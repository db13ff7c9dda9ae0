import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Forge, RepositoryGrant, RepositoryGuardrail } from '../../../../access/document.ts';
import { connection } from '../../../support/access-document.ts';
import { AUTHOR, createGitServer, createRepository, type GitServer } from './git-server.ts';
import { type Origin, startOrigin } from './origin.ts';
import { startRelay } from './relay.ts';
import { createTestAuthority } from './test-authority.ts';
import { S1, SCOPE_1, SECRET, startWorld, type World, type WorldOptions, type WorldPolicy } from './world.ts';

const run = promisify(execFile);

export const GITEA: Forge = {
  kind: 'gitea',
  gitHost: 'git.test',
  gitPort: 443,
  apiHost: 'git.test',
  apiPort: 443,
  apiPath: '/api/v1',
};
export const GITHUB: Forge = { ...GITEA, kind: 'github', gitHost: 'hub.test', apiHost: 'api.hub.test', apiPath: '' };

/** git's own server behind the proxy, and git's own client in front of it. */
export interface GitWorld extends AsyncDisposable {
  readonly world: World;
  readonly origin: Origin;
  readonly server: GitServer;
  readonly folder: string;
  grant(grants: readonly Partial<RepositoryGrant>[], guardrails?: readonly RepositoryGuardrail[]): Promise<void>;
  /** Runs a command of the shell with git's client set up as in a sandbox. What it prints, and whether it failed. */
  shell(command: string, folder?: string): Promise<{ readonly text: string; readonly failed: boolean }>;
}

export async function startGitWorld(otherwise?: RequestListener, overrides: WorldOptions = {}): Promise<GitWorld> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bg-'));
  const root = path.join(folder, 'served');
  const home = path.join(folder, 'home');
  await mkdir(root);
  await mkdir(home);
  for (const name of ['acme/shop', 'acme/docs', 'acme/secret']) await createRepository(root, name);
  const authorization = `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`;
  const server = createGitServer({ root, authorization, ...(otherwise ? { otherwise } : {}) });
  const authority = await createTestAuthority();
  const hosts = ['git.test', 'hub.test', 'api.hub.test'];
  const origin = await startOrigin({ authority, hosts: [...hosts, 'store.test'], onRequest: server.onRequest });
  const staticNames = new Map(
    [...hosts, 'store.test'].map((host) => [host, { address: '127.0.0.1', port: origin.port }]),
  );
  const world = await startWorld({
    operator: { staticNames, ceilings: [{ range: '127.0.0.0/8', ports: [origin.port] }], caBundles: [authority.pem] },
    ...overrides,
  });
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  const rule = { action: 'inject', port: 443, scheme: 'https', methods: [], paths: [], addresses, line: 0 } as const;
  const forge = connection('forge', 'git.test', {
    forge: 'gitea',
    credential: { kind: 'basic' },
    rules: hosts.map((host) => ({ ...rule, host })),
  } as never);
  await world.openLease(S1, SCOPE_1);
  const relay = await startRelay(path.join(overrides.runDir ?? path.join(world.folder, 'run'), S1, 'proxy.sock'));
  const bundle = path.join(world.folder, 'ca.pem');
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HTTPS_PROXY: relay.url,
    GIT_SSL_CAINFO: bundle,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    ...AUTHOR,
  };
  return {
    world,
    origin,
    server,
    folder,
    async grant(grants, repositoryGuardrails = []) {
      const policy: WorldPolicy = {
        connections: [forge],
        repositoryGuardrails,
        attached: {
          [SCOPE_1]: {
            connections: ['forge'],
            repositories: grants.map(
              (grant): RepositoryGrant => ({
                repository: 'acme/shop',
                access: 'propose',
                branches: [],
                connection: 'forge',
                forge: GITEA,
                ...grant,
              }),
            ),
          },
        },
      };
      await world.apply(policy);
    },
    async shell(command, where = folder) {
      try {
        const { stdout, stderr } = await run('/bin/sh', ['-ec', command], { env, cwd: where, timeout: 120_000 });
        return { text: stdout + stderr, failed: false };
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        return { text: stdout + stderr, failed: true };
      }
    },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
