import type { Preset } from './preset.ts';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Where teams plan, write and are told of trouble. */
export const TRACKERS = {
  jira: {
    title: 'Jira Cloud',
    documentation: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/',
    fields: { site: { about: 'the name before .atlassian.net', pattern: LABEL, example: 'acme' } },
    credentials: [{ kind: 'basic' }],
    rules: [
      {
        deny: '{site}.atlassian.net',
        paths: [
          '/rest/api/3/user/email',
          '/rest/api/2/user/email',
          '/rest/api/3/configuration',
          '/rest/api/3/permissionscheme',
        ],
      },
      { inject: '{site}.atlassian.net', methods: 'read', paths: ['/rest/api/3', '/rest/api/2', '/rest/agile/1.0'] },
      { inject: '{site}.atlassian.net', methods: ['POST'], paths: ['/rest/api/3/search', '/rest/api/3/jql'] },
    ],
    test: 'GET https://{site}.atlassian.net/rest/api/3/myself',
    notes: ['The secret is `email:token`.', 'For comments and new issues add a rule with POST for /rest/api/3/issue.'],
  },
  confluence: {
    title: 'Confluence Cloud',
    documentation: 'https://developer.atlassian.com/cloud/confluence/rest/v2/intro/',
    fields: { site: { about: 'the name before .atlassian.net', pattern: LABEL, example: 'acme' } },
    credentials: [{ kind: 'basic' }],
    rules: [{ inject: '{site}.atlassian.net', methods: 'read', paths: ['/wiki/api/v2', '/wiki/rest/api'] }],
    test: 'GET https://{site}.atlassian.net/wiki/api/v2/spaces?limit=1',
    notes: ['The secret is `email:token`.'],
  },
  linear: {
    title: 'Linear',
    documentation: 'https://linear.app/developers/graphql',
    fields: {},
    credentials: [{ kind: 'bearer' }, { kind: 'header', name: 'authorization' }],
    rules: [{ inject: 'api.linear.app', methods: ['POST'], paths: ['/graphql'] }],
    test: 'POST https://api.linear.app/graphql',
    personal: {
      kind: 'header',
      about: 'a personal API key of yours',
      madeAt: 'https://linear.app/settings/account/security',
    },
    oauth: {
      issuer: 'https://linear.app',
      namesIssuer: false,
      authorizeUrl: 'https://linear.app/oauth/authorize',
      tokenUrl: 'https://api.linear.app/oauth/token',
      scopes: ['read', 'write'],
      clientAuth: 'post',
    },
    notes: [
      'Reading and writing are one path: what the credential may do decides. Make it one for reading where that is enough.',
      'A personal API key goes in `kind: header` with `name: Authorization`; an OAuth token in `kind: bearer`.',
    ],
  },
  notion: {
    title: 'Notion',
    documentation: 'https://developers.notion.com/reference/intro',
    fields: {},
    credentials: [{ kind: 'bearer' }],
    rules: [
      { inject: 'api.notion.com', methods: 'read', paths: ['/v1'] },
      { inject: 'api.notion.com', methods: ['POST'], paths: ['/v1/search'] },
    ],
    test: 'GET https://api.notion.com/v1/users/me',
    personal: {
      kind: 'bearer',
      about: 'the token of a connection that is yours',
      madeAt: 'https://www.notion.so/profile/integrations',
    },
    notes: ['Queries of a data source are a POST: add a rule for /v1/data_sources, which also allows new ones.'],
  },
  sentry: {
    title: 'Sentry',
    documentation: 'https://docs.sentry.io/api/',
    fields: { organization: { about: "the organization's slug", pattern: LABEL, example: 'acme' } },
    credentials: [{ kind: 'bearer' }],
    rules: [
      {
        deny: ['sentry.io', 'us.sentry.io', 'de.sentry.io'],
        paths: ['/api/0/organizations/{organization}/members', '/api/0/organizations/{organization}/audit-logs'],
      },
      {
        inject: ['sentry.io', 'us.sentry.io', 'de.sentry.io'],
        methods: 'read',
        paths: ['/api/0/organizations/{organization}', '/api/0/projects/{organization}', '/api/0/issues'],
      },
    ],
    test: 'GET https://sentry.io/api/0/organizations/{organization}/',
    personal: {
      kind: 'bearer',
      about: 'a personal token of yours',
      madeAt: 'https://sentry.io/settings/account/api/auth-tokens/',
    },
    oauth: {
      issuer: 'https://sentry.io',
      namesIssuer: false,
      authorizeUrl: 'https://sentry.io/oauth/authorize/',
      tokenUrl: 'https://sentry.io/oauth/token/',
      scopes: ['org:read', 'project:read', 'event:read'],
      clientAuth: 'post',
    },
    notes: ['An internal integration with read scopes is narrower than a user token.'],
  },
  pagerduty: {
    title: 'PagerDuty',
    documentation: 'https://developer.pagerduty.com/api-reference/',
    fields: {},
    credentials: [{ kind: 'header', name: 'authorization', prefix: 'Token token=' }],
    rules: [
      { deny: ['api.pagerduty.com', 'api.eu.pagerduty.com'], paths: ['/users/me/sessions', '/audit'] },
      { inject: ['api.pagerduty.com', 'api.eu.pagerduty.com'], methods: 'read' },
    ],
    test: 'GET https://api.pagerduty.com/abilities',
    notes: ['Make the key a read-only one.'],
  },
} as const satisfies Readonly<Record<string, Preset>>;
