/** The shape of each entry of `bellhop.yaml`. What an entry refers to is checked after all of them were read. */
import { z } from 'zod';
import { stopsAtProxy } from '../header-names.ts';
import {
  addresses,
  allowedPaths,
  guardrailHost,
  host,
  instructions,
  methods,
  name,
  paths,
  port,
  priority,
} from './leaf-schemas.ts';
import { entry } from './strict-entry.ts';

const HEADER_NAME = /^[A-Za-z0-9-]{1,64}$/;
const SECRET_HINT = 'secrets are never written here: name a source by fromEnv or fromFile';

export const section = entry({
  enabled: z.boolean().default(true),
  bundles: z.array(name).default([]),
  instructions: instructions.default(''),
});

export const workspaceSection = entry({
  ...section.shape,
  id: z
    .string()
    .regex(/^T[A-Z0-9]+$/, "is no workspace's id, such as T0123ABCD")
    .optional(),
});

const matching = { port: port.optional(), methods: methods.optional(), paths: allowedPaths.optional() };

const domainEntry = entry({
  host,
  ...matching,
  scheme: z.enum(['https', 'http']).default('https'),
  addresses: addresses.optional(),
  transport: z.enum(['intercept', 'tunnel']).default('intercept'),
  'own-credentials': z.enum(['strip', 'pass', 'block']).optional(),
  priority: priority.default(0),
}).superRefine((domain, context) => {
  if (domain.transport !== 'tunnel') return;
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  if (domain.scheme === 'http') refuse('scheme', 'a tunnel carries TLS: leave the scheme out');
  if (domain.methods) refuse('methods', 'nobody sees the methods inside a tunnel: use transport: intercept');
  if (domain.paths) refuse('paths', 'nobody sees the paths inside a tunnel: use transport: intercept');
  if ((domain['own-credentials'] ?? 'pass') !== 'pass') {
    refuse('own-credentials', 'nobody can take credentials out of a tunnel: only pass is possible');
  }
});

export const bundle = entry({
  connections: z.array(name).default([]),
  // A host alone is the usual entry.
  domains: z
    .array(z.preprocess((value) => (typeof value === 'string' ? { host: value } : value), domainEntry))
    .default([]),
  instructions: instructions.default(''),
});

const source = {
  fromEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of an environment variable')
    .optional(),
  fromFile: z.string().min(1, 'is empty').optional(),
};
const headerName = z
  .string()
  .regex(HEADER_NAME, 'is no header name')
  .transform((text) => text.toLowerCase())
  .refine((text) => !stopsAtProxy(text), 'is a header of the transport itself');

const credential = z
  .discriminatedUnion(
    'kind',
    [
      entry({ kind: z.literal('bearer'), ...source }, SECRET_HINT),
      entry({ kind: z.literal('basic'), ...source }, SECRET_HINT),
      entry(
        {
          kind: z.literal('header'),
          name: headerName,
          prefix: z
            .string()
            .regex(/^[\x20-\x7e]*$/, 'has a character that no header can have')
            .default(''),
          ...source,
        },
        SECRET_HINT,
      ),
    ],
    { error: 'must have a kind: bearer, basic or header' },
  )
  .refine(
    ({ fromEnv, fromFile }) => fromEnv === undefined || fromFile === undefined,
    'has two sources: keep one of fromEnv and fromFile',
  );

export const connection = entry({
  host,
  ...matching,
  scheme: z.literal('https', 'a credential never travels in clear text: connections are https').optional(),
  addresses: addresses.optional(),
  priority: priority.default(0),
  credential,
});

export const guardrail = entry({
  host: guardrailHost,
  ...matching,
  paths: paths.optional(),
  reason: z.string().max(500).default(''),
});

export const schedule = entry({
  channel: z.string().min(1, 'is empty'),
  cron: z.string().optional(),
  at: z.string().optional(),
  timezone: z.string(),
  prompt: z.string().trim().min(1, 'is empty').max(4000, 'is longer than 4,000 characters'),
  paused: z.boolean().optional(),
}).refine(({ cron, at }) => (cron === undefined) !== (at === undefined), 'needs one of cron and at');

export type Section = z.infer<typeof section>;
export type WorkspaceEntry = z.infer<typeof workspaceSection>;
export type BundleEntry = z.infer<typeof bundle>;
export type DomainShape = BundleEntry['domains'][number];
export type ConnectionEntry = z.infer<typeof connection>;
export type GuardrailEntry = z.infer<typeof guardrail>;
export type ScheduleEntry = z.infer<typeof schedule>;
