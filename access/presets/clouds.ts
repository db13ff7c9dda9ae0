import type { Preset } from './preset.ts';

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
const REGION = { about: 'the region', pattern: /^[a-z]{2}(?:-[a-z]+)+-[0-9]$/, example: 'eu-central-1' };

/** Clouds and language models. */
export const CLOUDS = {
  s3: {
    title: 'Amazon S3',
    documentation: 'https://docs.aws.amazon.com/AmazonS3/latest/API/',
    fields: {
      bucket: {
        about: 'the bucket, without dots: its name is part of a certificate’s name',
        pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
        example: 'acme-backups',
      },
      region: REGION,
    },
    credentials: [{ kind: 'aws-sigv4', region: '{region}', service: 's3' }],
    rules: [{ inject: '{bucket}.s3.{region}.amazonaws.com', methods: 'read' }],
    test: 'GET https://{bucket}.s3.{region}.amazonaws.com/?list-type=2&max-keys=1',
    notes: ['To write, add a rule with PUT for a prefix of its own, and allow the same prefix in the key’s policy.'],
  },
  cloudwatch: {
    title: 'Amazon CloudWatch',
    documentation: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/',
    fields: { region: REGION },
    credentials: [{ kind: 'aws-sigv4', region: '{region}' }],
    rules: [{ inject: ['monitoring.{region}.amazonaws.com', 'logs.{region}.amazonaws.com'], methods: ['GET', 'POST'] }],
    test: 'GET https://monitoring.{region}.amazonaws.com/?Action=ListMetrics&Version=2010-08-01',
    notes: ['All actions are one path: the key’s policy decides. CloudWatchReadOnlyAccess reads and changes nothing.'],
  },
  'openai-compatible': {
    title: 'An API that speaks like OpenAI’s',
    documentation: 'https://platform.openai.com/docs/api-reference',
    fields: { host: { about: 'the name of the server', pattern: HOST, example: 'api.openai.com' } },
    credentials: [{ kind: 'bearer' }],
    rules: [
      {
        deny: '{host}',
        paths: ['/v1/organization', '/v1/files', '/v1/fine_tuning', '/v1/vector_stores', '/v1/batches'],
      },
      {
        inject: '{host}',
        methods: ['POST'],
        paths: ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/completions'],
      },
      { inject: '{host}', methods: 'read', paths: ['/v1/models'] },
    ],
    test: 'GET https://{host}/v1/models',
    notes: [
      'This is for programs in the sandbox. The agent’s own model is set for the installation.',
      'Tools that the server runs itself (web search, code, remote MCP servers, pictures by URL) reach other sites from there, past the Agent Proxy. Turn them off in your account where that matters.',
    ],
  },
  anthropic: {
    title: 'Anthropic',
    documentation: 'https://docs.claude.com/en/api/overview',
    fields: {},
    credentials: [{ kind: 'header', name: 'x-api-key' }],
    rules: [
      { deny: 'api.anthropic.com', paths: ['/v1/organizations', '/v1/files'] },
      { inject: 'api.anthropic.com', methods: ['POST'], paths: ['/v1/messages'] },
      { inject: 'api.anthropic.com', methods: 'read', paths: ['/v1/models'] },
    ],
    test: 'GET https://api.anthropic.com/v1/models?limit=1',
    notes: [
      'This is for programs in the sandbox. The agent’s own model is set for the installation.',
      'Tools that the service runs itself (web_search, web_fetch, code_execution, mcp_servers, pictures and documents by URL) reach other sites from there, past the Agent Proxy. Turn them off in your account where that matters.',
    ],
  },
} as const satisfies Readonly<Record<string, Preset>>;
