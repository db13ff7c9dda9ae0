import { stringify } from 'yaml';
import {
  type Installation,
  type InstallationOptions,
  startInstallation,
} from '../../support/installation/installation.ts';
import { GITEA_HOST, type Gitea, type GiteaUser, startGitea } from './gitea.ts';
import { provideGitea } from './provide-gitea.ts';

export const ADMIN: GiteaUser = { name: 'ops', password: 'a-long-password-1' };
/** Whose login the connection holds. It may write every repository; the access file grants less. */
export const AGENT: GiteaUser = { name: 'bellhop', password: 'canary-of-the-forge-7d21' };
export const FORGE_URL = `https://${GITEA_HOST}`;

/** A Bellhop whose #platform-eng may propose changes to `acme/shop`, on a Gitea with the repositories that are named. */
export interface ForgeStage extends AsyncDisposable {
  readonly gitea: Gitea;
  readonly bellhop: Installation;
}

export interface ForgeStageOptions {
  /** Names of private repositories of `acme`. */
  readonly repositories: readonly string[];
  /** More of the access file. */
  readonly access?: Readonly<Record<string, unknown>>;
  readonly installation?: InstallationOptions;
}

export async function startForgeStage({
  repositories,
  access = {},
  installation = {},
}: ForgeStageOptions): Promise<ForgeStage> {
  await using started = new AsyncDisposableStack();
  const gitea = started.use(await startGitea(await provideGitea(process.env, () => {})));
  await seed(gitea, repositories);
  const bellhop = started.use(
    await startInstallation({
      ...installation,
      operator: {
        ...installation.operator,
        hosts: { [GITEA_HOST]: `127.0.0.1:${gitea.port}` },
        ceilings: [{ range: '127.0.0.1/32', ports: [gitea.port] }],
        caBundles: [gitea.authorityFile, ...(installation.operator?.caBundles ?? [])],
      },
      secrets: { FORGE_LOGIN: `${AGENT.name}:${AGENT.password}` },
    }),
  );
  await bellhop.apply(stringify({ ...accessTo(gitea), ...access }));
  const everything = started.move();
  return { gitea, bellhop, [Symbol.asyncDispose]: () => everything.disposeAsync() };
}

/** The access file of the stage. */
export function accessTo(gitea: Gitea): Record<string, unknown> {
  return {
    channels: { '#platform-eng': { bundles: ['code'] } },
    bundles: { code: { connections: ['forge'], repositories: [{ repository: 'acme/shop', access: 'propose' }] } },
    connections: {
      forge: {
        preset: 'gitea',
        host: GITEA_HOST,
        addresses: [`127.0.0.1/32:${gitea.port}`],
        credential: { kind: 'basic', fromEnv: 'FORGE_LOGIN' },
      },
    },
    tests: [
      { from: '#platform-eng', push: 'acme/shop main', expect: 'blocked' },
      { from: '#platform-eng', push: 'acme/shop bellhop/x', expect: 'injected by forge' },
    ],
  };
}

/** Private repositories of one organization. The agent's user may write all of them. */
async function seed(gitea: Gitea, repositories: readonly string[]): Promise<void> {
  await gitea.createUser(ADMIN, { admin: true });
  await gitea.createUser(AGENT);
  await expectCreated(gitea.api(ADMIN, 'POST', '/orgs', { username: 'acme' }));
  for (const name of repositories) {
    await expectCreated(
      gitea.api(ADMIN, 'POST', '/orgs/acme/repos', { name, private: true, auto_init: true, default_branch: 'main' }),
    );
    const access = { permission: 'write' };
    const { status } = await gitea.api(ADMIN, 'PUT', `/repos/acme/${name}/collaborators/${AGENT.name}`, access);
    if (status !== 204) throw new Error(`Gitea answered ${status}`);
  }
}

export async function expectCreated(asked: Promise<{ status: number; body: unknown }>): Promise<void> {
  const { status, body } = await asked;
  if (status !== 201) throw new Error(`Gitea answered ${status}: ${JSON.stringify(body)}`);
}
