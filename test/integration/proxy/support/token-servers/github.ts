/** GitHub's API of apps and installations as `emulate` has it: it verifies the JWT and refuses wider tokens. */
import { createEmulator } from 'emulate';
import { announce, optionsOf } from './serve.ts';

export interface GithubOptions {
  readonly appId: number;
  readonly installationId: number;
  readonly privateKey: string;
  readonly permissions: Readonly<Record<string, 'read' | 'write'>>;
}

const { appId, installationId, privateKey, permissions } = await optionsOf<GithubOptions>();
const emulator = await createEmulator({
  service: 'github',
  port: 0,
  seed: {
    github: {
      orgs: [{ login: 'Acme' }, { login: 'other' }],
      users: [{ login: 'octocat' }, { login: 'bellhop[bot]' }],
      repos: [
        { owner: 'Acme', name: 'shop', private: true },
        { owner: 'Acme', name: 'docs', private: true },
        { owner: 'Acme', name: 'secret', private: true },
      ],
      apps: [
        {
          app_id: appId,
          slug: 'bellhop',
          name: 'Bellhop',
          private_key: privateKey,
          permissions,
          events: [],
          installations: [{ installation_id: installationId, account: 'Acme' }],
        },
      ],
    },
  },
});
announce(Number(new URL(emulator.url).port), {});
