/** The shape of a credential in `bellhop.yaml`: its kind, what each kind needs beside the secret, and the secret's source. */
import { z } from 'zod';
import type { SecretSource } from '../access-file.ts';
import type { CredentialUse } from '../credential-use.ts';
import { headerKey, stopsAtProxy } from '../header-names.ts';
import { parseHostPattern } from '../host-pattern.ts';
import { fail } from './leaf-schemas.ts';
import { entry } from './strict-entry.ts';

export const SECRET_HINT = 'secrets are never written here: name a source by fromEnv, fromFile or fromCommand';

/** Where the secret is. */
export const source = {
  fromEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of an environment variable')
    .optional(),
  fromFile: z.string().min(1, 'is empty').optional(),
  fromCommand: z
    .array(z.string().regex(/^[^\0]*$/, 'has a character that no argument can have'))
    .min(1, 'is empty: it is a program with its arguments, such as [op, read, "op://ops/acme/token"]')
    .refine(([program]) => program !== '', 'names no program')
    .optional(),
};

const text = z.string().trim().min(1, 'is empty').max(2_000, 'is longer than 2,000 characters');
/** Ids that consist of digits are often written without quotes. */
export const id = z.union([z.int().min(1), text], 'must be an id').transform(String);
/** RFC 6749 3.3. */
export const scopes = z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'is no scope: one word without spaces'));
const clientAuth = z.enum(['basic', 'post']).default('basic');

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'is no header name')
  .transform((name) => name.toLowerCase())
  .refine((name) => !stopsAtProxy(headerKey(name)), 'is a header of the transport itself');

const URL_PARTS = /^https:\/\/([^/?#:@\\]+)(:[1-9][0-9]{0,4})?(?:[/?][\x21-\x7e]*)?$/;

/** A URL to which a secret is sent, so it is https, and its host is read as the hosts of rules are. */
export const secretUrl = z.string().transform((url, context) => {
  if (/^http:/i.test(url)) return fail(context, 'must be https: a secret never travels in clear text');
  const [whole, host = '', port = ''] = URL_PARTS.exec(url) ?? [];
  if (whole === undefined || url.includes('#') || !URL.canParse(url) || Number(port.slice(1)) > 65_535) {
    return fail(context, 'must be a whole URL, such as https://login.example/oauth/token');
  }
  const parsed = parseHostPattern(host);
  if ('refused' in parsed) return fail(context, `has a host that ${parsed.refused}`);
  if (parsed.pattern.startsWith('*')) return fail(context, 'has a wildcard for a host');
  return `https://${parsed.pattern}${port}${url.slice(`https://${host}${port}`.length)}`;
});

const KINDS = [
  kind('bearer', {}),
  kind('basic', {}),
  kind('header', {
    name: headerName,
    prefix: z
      .string()
      .regex(/^[\x20-\x7e]*$/, 'has a character that no header can have')
      .default(''),
  }),
  kind('headers', {
    names: z
      .array(headerName)
      .min(1, 'is empty')
      .refine((names) => new Set(names.map(headerKey)).size === names.length, 'has a name twice'),
  }),
  kind('query', {
    name: z.string().regex(/^[A-Za-z0-9._~[\]$-]{1,100}$/, 'is no name of a parameter'),
  }),
  kind('body', {
    field: z.string().regex(/^[^\p{Cc}]{1,100}$/u, 'is no name of a field'),
  }),
  kind('aws-sigv4', {
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, 'is no region, such as eu-central-1')
      .optional(),
    service: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, 'is no service, such as s3')
      .optional(),
  }),
  kind('gcp', { scopes: scopes.default([]), audience: text.optional() }),
  kind('oauth-client', {
    'token-url': secretUrl,
    'client-id': id,
    scopes: scopes.default([]),
    audience: text.optional(),
    'client-auth': clientAuth,
  }),
  kind('oauth-jwt', {
    'token-url': secretUrl,
    issuer: id,
    subject: id.optional(),
    audience: text.optional(),
    scopes: scopes.default([]),
    'key-id': id.optional(),
  }),
  kind('oauth', {
    'token-url': secretUrl,
    'client-id': id,
    scopes: scopes.default([]),
    'client-auth': z.enum(['basic', 'post', 'none']).default('basic'),
  }),
  kind('github-app', {
    'app-id': id,
    'installation-id': id,
    'api-url': secretUrl.default('https://api.github.com'),
  }),
  kind('mtls', {}),
] as const;

const NAMES = KINDS.map(({ shape }) => shape.kind.value);

export const credential = z
  .discriminatedUnion('kind', KINDS, {
    error: `must have a kind: ${NAMES.slice(0, -1).join(', ')} or ${NAMES.at(-1)}`,
  })
  .refine(
    ({ fromEnv, fromFile, fromCommand }) =>
      [fromEnv, fromFile, fromCommand].filter((each) => each !== undefined).length <= 1,
    'has two sources: keep one of fromEnv, fromFile and fromCommand',
  )
  .refine(
    (use) => use.kind !== 'gcp' || use.scopes.length > 0 !== (use.audience !== undefined),
    'needs one of scopes (for an access token) and audience (for an identity token)',
  );

export type CredentialEntry = z.infer<typeof credential>;

function kind<Kind extends string, Shape extends z.ZodRawShape>(name: Kind, shape: Shape) {
  return entry({ kind: z.literal(name), ...shape, ...source }, SECRET_HINT);
}

/** What the document says of a credential. */
export function toCredential(entry: CredentialEntry): CredentialUse {
  switch (entry.kind) {
    case 'bearer':
    case 'basic':
    case 'mtls':
      return { kind: entry.kind };
    case 'header':
      return { kind: 'header', name: entry.name, prefix: entry.prefix };
    case 'headers':
      return { kind: 'headers', names: entry.names };
    case 'query':
      return { kind: 'query', name: entry.name };
    case 'body':
      return { kind: 'body', field: entry.field };
    case 'aws-sigv4':
      return { kind: 'aws-sigv4', region: entry.region ?? null, service: entry.service ?? null };
    case 'gcp':
      return { kind: 'gcp', scopes: entry.scopes, audience: entry.audience ?? null };
    case 'oauth-client':
      return {
        kind: 'oauth-client',
        tokenUrl: entry['token-url'],
        clientId: entry['client-id'],
        scopes: entry.scopes,
        audience: entry.audience ?? null,
        clientAuth: entry['client-auth'],
      };
    case 'oauth-jwt':
      return {
        kind: 'oauth-jwt',
        tokenUrl: entry['token-url'],
        issuer: entry.issuer,
        // Most authorities take the client for itself, and their own address as the audience (RFC 7523 3).
        subject: entry.subject ?? entry.issuer,
        audience: entry.audience ?? entry['token-url'],
        scopes: entry.scopes,
        keyId: entry['key-id'] ?? null,
      };
    case 'oauth':
      return {
        kind: 'oauth',
        tokenUrl: entry['token-url'],
        clientId: entry['client-id'],
        scopes: entry.scopes,
        clientAuth: entry['client-auth'],
      };
    case 'github-app':
      return {
        kind: 'github-app',
        appId: entry['app-id'],
        installationId: entry['installation-id'],
        apiUrl: entry['api-url'].replace(/\/$/, ''),
      };
  }
}

/** Where the secret is read. An entry that names no place means a secret that is entered by `bellhop credentials set`. */
export function toSource({
  fromEnv,
  fromFile,
  fromCommand,
}: Pick<CredentialEntry, 'fromEnv' | 'fromFile' | 'fromCommand'>): SecretSource {
  if (fromEnv !== undefined) return { from: 'environment', name: fromEnv };
  if (fromFile !== undefined) return { from: 'file', path: fromFile };
  if (fromCommand !== undefined) return { from: 'command', argv: fromCommand };
  return { from: 'stored' };
}
