import type { Preset, PresetField } from './preset.ts';

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

const ownHost = (example: string): PresetField => ({ about: 'the name of your server', pattern: HOST, example });

const OPENS_BY_GRANT = 'It opens nothing without `repositories` in a bundle.';

/** Servers with git repositories. Which repositories, and what may be done there, is said by `repositories` in a bundle. */
export const FORGES = {
  github: {
    title: 'GitHub',
    documentation: 'https://docs.github.com/en/rest',
    fields: {},
    credentials: [{ kind: 'github-app' }, { kind: 'bearer' }],
    rules: [
      {
        deny: 'api.github.com',
        paths: ['/user/keys', '/user/gpg_keys', '/user/ssh_signing_keys', '/user/emails', '/applications', '/admin'],
      },
      { inject: ['api.github.com', 'github.com', 'uploads.github.com'] },
      {
        forward: ['codeload.github.com', 'raw.githubusercontent.com', 'objects.githubusercontent.com'],
        methods: 'read',
      },
      { forward: ['release-assets.githubusercontent.com', 'github-cloud.githubusercontent.com'], methods: 'read' },
    ],
    test: 'GET https://api.github.com/rate_limit',
    personal: {
      kind: 'bearer',
      about: 'a personal access token of yours; a fine-grained one reaches only the repositories that you choose',
      madeAt: 'https://github.com/settings/personal-access-tokens',
    },
    oauth: {
      issuer: 'https://github.com/login/oauth',
      namesIssuer: false,
      authorizeUrl: 'https://github.com/login/oauth/authorize',
      tokenUrl: 'https://github.com/login/oauth/access_token',
      deviceUrl: 'https://github.com/login/device/code',
      scopes: ['repo'],
      clientAuth: 'post',
      account: { url: 'https://api.github.com/user', field: 'login' },
    },
    notes: [
      'An App of your own is the safest credential: its tokens live for an hour and are narrowed to the granted repositories.',
      OPENS_BY_GRANT,
    ],
  },
  gitlab: {
    title: 'GitLab',
    documentation: 'https://docs.gitlab.com/api/rest/',
    fields: { host: { ...ownHost('gitlab.com'), default: 'gitlab.com' } },
    credentials: [{ kind: 'bearer' }, { kind: 'header', name: 'PRIVATE-TOKEN' }],
    rules: [
      {
        deny: '{host}',
        paths: [
          '/api/v4/user/keys',
          '/api/v4/user/emails',
          '/api/v4/admin',
          '/api/v4/application',
          '/api/v4/personal_access_tokens',
        ],
      },
      { inject: '{host}' },
    ],
    test: 'GET https://{host}/api/v4/version',
    personal: {
      kind: 'bearer',
      about: 'a personal access token of yours',
      madeAt: 'https://{host}/-/user_settings/personal_access_tokens',
    },
    oauth: {
      issuer: 'https://{host}',
      namesIssuer: false,
      authorizeUrl: 'https://{host}/oauth/authorize',
      tokenUrl: 'https://{host}/oauth/token',
      deviceUrl: 'https://{host}/oauth/authorize_device',
      scopes: ['api'],
      clientAuth: 'post',
      account: { url: 'https://{host}/api/v4/user', field: 'username' },
    },
    notes: ['A project access token reaches one project; a group access token reaches all of a group.', OPENS_BY_GRANT],
  },
  gitea: {
    title: 'Gitea or Forgejo',
    documentation: 'https://docs.gitea.com/api/1.24/',
    fields: { host: ownHost('git.acme.test') },
    credentials: [{ kind: 'basic' }],
    rules: [
      {
        deny: '{host}',
        paths: ['/api/v1/user/keys', '/api/v1/user/gpg_keys', '/api/v1/user/applications', '/api/v1/admin'],
      },
      { inject: '{host}' },
    ],
    test: 'GET https://{host}/api/v1/version',
    personal: {
      kind: 'basic',
      about: 'your user name and an access token of yours, as `user:token`',
      madeAt: 'https://{host}/user/settings/applications',
    },
    oauth: {
      issuer: 'https://{host}/',
      namesIssuer: false,
      authorizeUrl: 'https://{host}/login/oauth/authorize',
      tokenUrl: 'https://{host}/login/oauth/access_token',
      scopes: ['write:repository', 'write:issue', 'read:user'],
      clientAuth: 'post',
      account: { url: 'https://{host}/api/v1/user', field: 'login' },
    },
    notes: ['The secret is `user:token`: git and the API both take it as a basic login.', OPENS_BY_GRANT],
  },
} as const satisfies Readonly<Record<string, Preset>>;
