import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { AccessDocument } from '../../access/document.ts';
import type { ScopeKey } from '../../contracts/scope.ts';

/** A stored document that is none: written by another version, by hand, or damaged. */
export class MalformedPolicy extends Error {
  constructor(version: unknown, field: string, problem: string) {
    super(`version ${String(version)} is malformed at ${field}: ${problem}`);
    this.name = 'MalformedPolicy';
  }
}

const port = z.int().min(1).max(65_535);
const texts = z.array(z.string());
const range = z.string().refine((text) => ipaddr.isValidCIDR(text), 'no address range');
const what = { host: z.string(), methods: texts, paths: texts };
const match = {
  ...what,
  port,
  scheme: z.enum(['https', 'http']),
  addresses: z.array(z.object({ range, port })),
};

const schema: z.ZodType<AccessDocument> = z.object({
  version: z.int().min(0),
  connections: z.array(
    z.object({
      ...match,
      id: z.string(),
      kind: z.enum(['bearer', 'basic', 'header']),
      header: z.string().nullable(),
      prefix: z.string(),
      credentialVersion: z.int(),
      priority: z.number(),
    }),
  ),
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
      instructions: z.string(),
    }),
  ),
  guardrails: z.array(z.object({ ...what, id: z.string(), reason: z.string(), port: port.nullable() })),
  scopes: z.array(
    z.object({
      scope: z.custom<ScopeKey>((value) => typeof value === 'string'),
      label: z.string(),
      enabled: z.boolean(),
      bundles: texts,
      instructions: z.string(),
    }),
  ),
});

/** The document as it was stored, when it has the shape that everything here relies on. @throws MalformedPolicy */
export function checkShape(stored: AccessDocument): AccessDocument {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MalformedPolicy(stored.version, issue?.path.join('.') || 'its top', issue?.message ?? 'not understood');
}
