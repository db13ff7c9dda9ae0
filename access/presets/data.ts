import type { Preset } from './preset.ts';

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** Warehouses, files, customers and money. */
export const DATA = {
  snowflake: {
    title: 'Snowflake',
    documentation: 'https://docs.snowflake.com/en/developer-guide/sql-api/intro',
    fields: {
      account: {
        about: 'the account identifier, as in its address before .snowflakecomputing.com',
        pattern: /^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9-]+){0,2}$/,
        example: 'acme-analytics',
      },
    },
    credentials: [{ kind: 'bearer' }],
    rules: [{ inject: '{account}.snowflakecomputing.com', methods: ['GET', 'POST'], paths: ['/api/v2/statements'] }],
    test: 'GET https://{account}.snowflakecomputing.com/api/v2/statements',
    notes: [
      'The path says nothing of the SQL inside: give the credential a role that only reads, and a small warehouse.',
    ],
  },
  bigquery: {
    title: 'Google BigQuery',
    documentation: 'https://cloud.google.com/bigquery/docs/reference/rest',
    fields: {
      project: { about: 'the id of the project', pattern: /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, example: 'acme-analytics' },
    },
    credentials: [{ kind: 'gcp', scopes: ['https://www.googleapis.com/auth/bigquery.readonly'] }],
    rules: [
      { inject: 'bigquery.googleapis.com', methods: 'read', paths: ['/bigquery/v2/projects/{project}'] },
      {
        inject: 'bigquery.googleapis.com',
        methods: ['POST'],
        paths: ['/bigquery/v2/projects/{project}/queries', '/bigquery/v2/projects/{project}/jobs'],
      },
    ],
    test: 'GET https://bigquery.googleapis.com/bigquery/v2/projects/{project}/datasets?maxResults=1',
    notes: ['What a query may read and change is the service account’s roles, not the path.'],
  },
  'google-drive': {
    title: 'Google Drive',
    documentation: 'https://developers.google.com/workspace/drive/api/reference/rest/v3',
    fields: {},
    credentials: [{ kind: 'gcp', scopes: ['https://www.googleapis.com/auth/drive.readonly'] }, { kind: 'oauth' }],
    rules: [
      { deny: 'www.googleapis.com', paths: ['/drive/v3/changes/watch', '/drive/v3/channels'] },
      { inject: 'www.googleapis.com', methods: 'read', paths: ['/drive/v3'] },
    ],
    test: 'GET https://www.googleapis.com/drive/v3/about?fields=user',
    notes: ['A service account sees only what was shared with its address.'],
  },
  salesforce: {
    title: 'Salesforce',
    documentation: 'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/',
    fields: {
      domain: {
        about: 'the name before .my.salesforce.com',
        pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.sandbox|\.develop|\.scratch)?$/,
        example: 'acme',
      },
    },
    credentials: [
      { kind: 'oauth-client', 'token-url': 'https://{domain}.my.salesforce.com/services/oauth2/token' },
      { kind: 'bearer' },
    ],
    rules: [
      { deny: '{domain}.my.salesforce.com', paths: ['/services/oauth2', '/services/apexrest'] },
      { inject: '{domain}.my.salesforce.com', methods: 'read', paths: ['/services/data'] },
    ],
    test: 'GET https://{domain}.my.salesforce.com/services/data/',
    notes: ['Queries are GET requests: /services/data/v62.0/query?q=…'],
  },
  stripe: {
    title: 'Stripe',
    documentation: 'https://docs.stripe.com/api',
    fields: {},
    credentials: [{ kind: 'bearer' }],
    rules: [
      {
        deny: 'api.stripe.com',
        methods: ['POST'],
        paths: ['/v1/payouts', '/v1/transfers', '/v1/refunds', '/v1/charges', '/v1/payment_intents'],
      },
      { deny: 'api.stripe.com', paths: ['/v1/ephemeral_keys', '/v1/account_links', '/v1/webhook_endpoints'] },
      { inject: 'api.stripe.com', methods: 'read', paths: ['/v1'] },
    ],
    test: 'GET https://api.stripe.com/v1/balance',
    notes: ['Use a restricted key that only reads.'],
  },
  grafana: {
    title: 'Grafana',
    documentation: 'https://grafana.com/docs/grafana/latest/developers/http_api/',
    fields: { host: { about: 'the name of your Grafana', pattern: HOST, example: 'acme.grafana.net' } },
    credentials: [{ kind: 'bearer' }],
    rules: [
      {
        deny: '{host}',
        paths: [
          '/api/admin',
          '/api/serviceaccounts',
          '/api/auth/keys',
          '/api/org/users',
          '/api/users',
          '/api/snapshots',
        ],
      },
      { inject: '{host}', methods: 'read', paths: ['/api'] },
      { inject: '{host}', methods: ['POST'], paths: ['/api/ds/query'] },
    ],
    test: 'GET https://{host}/api/health',
    notes: ['Use a service account with the role Viewer.'],
  },
  datadog: {
    title: 'Datadog',
    documentation: 'https://docs.datadoghq.com/api/latest/',
    fields: {
      site: {
        about: 'the site of your account',
        pattern:
          /^(?:datadoghq\.com|us3\.datadoghq\.com|us5\.datadoghq\.com|datadoghq\.eu|ap1\.datadoghq\.com|ap2\.datadoghq\.com|ddog-gov\.com)$/,
        example: 'datadoghq.eu',
      },
    },
    credentials: [{ kind: 'headers', names: ['dd-api-key', 'dd-application-key'] }],
    rules: [
      {
        deny: 'api.{site}',
        paths: [
          '/api/v1/api_key',
          '/api/v1/application_key',
          '/api/v2/api_keys',
          '/api/v2/application_keys',
          '/api/v2/current_user',
          '/api/v2/users',
          '/api/v1/user',
        ],
      },
      { inject: 'api.{site}', methods: 'read', paths: ['/api'] },
      {
        inject: 'api.{site}',
        methods: ['POST'],
        paths: [
          '/api/v2/logs/events/search',
          '/api/v2/spans/events/search',
          '/api/v2/rum/events/search',
          '/api/v2/query',
        ],
      },
    ],
    test: 'GET https://api.{site}/api/v1/validate',
    notes: ['The secret is a JSON object with both keys. Give the application key read scopes only.'],
  },
} as const satisfies Readonly<Record<string, Preset>>;
