import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { CredentialUse } from '../../access/credential-use.ts';
import { type AccessDocument, REPOSITORY_OPERATIONS } from '../../access/document.ts';
import { OUTSIDER_RULES } from '../../access/outsiders.ts';
import { REGISTRY_NAMES } from '../../contracts/registries.ts';
import type { ScopeKey } from '../../contracts/scope.ts';

/** A stored document without the right shape: another version or a person wrote it, or it is damaged. */
export class MalformedPolicy extends Error {
  constructor(version: unknown, field: string, problem: string) {
    super(`version ${String(version)} is malformed at ${field}: ${problem}`);
    this.name = 'MalformedPolicy';
  }
}

const port = z.int().min(1).max(65_535);
const texts = z.array(z.string());
const range = z.string().refine((text) => ipaddr.isValidCIDR(text), 'no address range');
const what = { host: z.string(), methods: texts, paths: texts, line: z.int() };
const match = {
  ...what,
  port,
  scheme: z.enum(['https', 'http']),
  addresses: z.array(z.object({ range, port })),
};

const text = z.string().min(1);
const tokenUrl = z.url({ protocol: /^https$/ });
const credential: z.ZodType<CredentialUse> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bearer') }),
  z.strictObject({ kind: z.literal('basic') }),
  z.strictObject({ kind: z.literal('header'), name: text, prefix: z.string() }),
  z.strictObject({ kind: z.literal('headers'), names: z.array(text).min(1) }),
  z.strictObject({ kind: z.literal('query'), name: text }),
  z.strictObject({ kind: z.literal('body'), field: text }),
  z.strictObject({ kind: z.literal('aws-sigv4'), region: text.nullable(), service: text.nullable() }),
  z.strictObject({ kind: z.literal('gcp'), scopes: texts, audience: text.nullable() }),
  z.strictObject({
    kind: z.literal('oauth-client'),
    tokenUrl,
    clientId: text,
    scopes: texts,
    audience: text.nullable(),
    clientAuth: z.enum(['basic', 'post']),
  }),
  z.strictObject({
    kind: z.literal('oauth-jwt'),
    tokenUrl,
    issuer: text,
    subject: text,
    audience: text,
    scopes: texts,
    keyId: text.nullable(),
  }),
  z.strictObject({
    kind: z.literal('oauth'),
    tokenUrl,
    clientId: text,
    scopes: texts,
    clientAuth: z.enum(['basic', 'post', 'none']),
  }),
  z.strictObject({ kind: z.literal('github-app'), appId: text, installationId: text, apiUrl: tokenUrl }),
  z.strictObject({ kind: z.literal('mtls') }),
]);

const offeredOAuth = z.object({
  issuer: text,
  namesIssuer: z.boolean(),
  authorizeUrl: tokenUrl,
  tokenUrl,
  deviceUrl: tokenUrl.nullable(),
  clientId: text,
  clientAuth: z.enum(['basic', 'post', 'none']),
  scopes: texts,
  resource: tokenUrl.optional(),
  account: z.object({ url: tokenUrl, field: text }).nullable(),
});

const forgeKind = z.enum(['github', 'gitlab', 'gitea']);
const forge = z.object({
  kind: forgeKind,
  gitHost: text,
  gitPort: port,
  apiHost: text,
  apiPort: port,
  apiPath: z.string(),
});

const repository = z.object({
  repository: z.string(),
  access: z.enum(['read', 'propose', 'write']),
  branches: texts,
  connection: z.string(),
  forge,
  line: z.int().optional(),
});

const attached = {
  enabled: z.boolean().nullable(),
  bundles: texts,
  instructions: z.string(),
  environment: z.string().optional(),
  identity: z.enum(['agent', 'requester']).optional(),
  personal: texts.optional(),
  others: z.enum(['never', 'ask']).optional(),
  guests: z.enum(OUTSIDER_RULES).optional(),
  sharedChannels: z.enum(OUTSIDER_RULES).optional(),
};

const toolPatterns = z.array(z.object({ pattern: text, line: z.int() }));

const toolRules = z.object({
  ...{ allow: toolPatterns, deny: toolPatterns },
  ...{ read: toolPatterns.optional(), approve: toolPatterns.optional() },
});

/** An owner is not among them: whose a connection is follows from where it is stored. */
const connection = z.object({
  id: z.string(),
  preset: z.string().nullable(),
  forge: forgeKind.optional(),
  rules: z.array(
    z.discriminatedUnion('action', [
      z.object({ ...match, action: z.enum(['inject', 'forward']) }),
      z.object({ ...match, action: z.literal('deny'), port: port.nullable() }),
    ]),
  ),
  credential,
  credentialVersion: z.int(),
  retiring: z.object({ version: z.int(), until: z.iso.datetime() }).nullable().optional(),
  ca: z.string().nullable(),
  test: z.object({ method: z.string(), url: z.string() }).nullable(),
  priority: z.number(),
  mcp: z.object({ url: z.url({ protocol: /^https$/ }), tools: toolRules }).optional(),
});

const schema: z.ZodType<AccessDocument> = z.object({
  version: z.int().min(0),
  connections: z.array(connection),
  bundles: z.array(
    z.object({
      id: z.string(),
      connections: texts,
      domains: z.array(
        z.object({
          ...match,
          id: z.string(),
          transport: z.enum(['intercept', 'tunnel']),
          ownCredentials: z.enum(['strip', 'pass', 'block']),
          priority: z.number(),
        }),
      ),
      repositories: z.array(repository),
      registries: z.array(z.enum(REGISTRY_NAMES)),
      instructions: z.string(),
    }),
  ),
  guardrails: z.array(z.object({ ...what, id: z.string(), reason: z.string(), port: port.nullable() })),
  repositoryGuardrails: z.array(
    z.object({
      id: z.string(),
      repository: z.string(),
      operations: z.array(z.enum(REPOSITORY_OPERATIONS)),
      reason: z.string(),
      line: z.int(),
    }),
  ),
  toolGuardrails: z
    .array(z.object({ id: z.string(), server: text, tools: texts, reason: z.string(), line: z.int() }))
    .default([]),
  scopes: z.array(
    z.object({
      ...attached,
      directMessages: z.enum(['on', 'off']).optional(),
      groupMessages: z.enum(['off', 'workspace']).optional(),
      scope: z.custom<ScopeKey>((value) => typeof value === 'string'),
      label: z.string(),
      pattern: z.string().optional(),
    }),
  ),
  patterns: z.array(z.object({ ...attached, pattern: z.string(), line: z.int() })).default([]),
  environments: z
    .array(
      z.object({
        name: z.string(),
        packages: texts,
        setup: z.string(),
        variables: z.record(z.string(), z.string()),
        memoryMb: z.number().nullable(),
        cpus: z.number().nullable(),
        registries: z.array(z.enum(REGISTRY_NAMES)),
      }),
    )
    .default([]),
  people: z
    .object({
      offers: z.array(
        z.object({ name: z.string(), connection, grants: z.array(repository), oauth: offeredOAuth.optional() }),
      ),
      inChannels: z.enum(['never', 'ask']).optional(),
    })
    .optional(),
  mixed: z
    .array(
      z.object({
        ...{ team: z.string(), channel: z.string(), name: z.string() },
        ...{ guests: z.boolean(), shared: z.boolean() },
      }),
    )
    .optional(),
  mirrors: z
    .partialRecord(
      z.enum(REGISTRY_NAMES),
      z.object({
        url: z.string().nullable(),
        also: texts,
        addresses: z.array(z.object({ range: z.string(), port })),
      }),
    )
    .default({}),
});

/** Returns the stored document if it has the shape that the proxy relies on. @throws MalformedPolicy */
export function checkShape(stored: AccessDocument): AccessDocument {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MalformedPolicy(stored.version, issue?.path.join('.') || 'its top', issue?.message ?? 'not understood');
}
