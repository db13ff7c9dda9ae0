/** The shape of a connection in `bellhop.yaml`: one rule in the short form, or a list of rules in the long one. */
import { z } from 'zod';
import { credential } from './credential-schema.ts';
import { addresses, allowedPaths, forge, host, methods, paths, port, priority, request } from './leaf-schemas.ts';
import { mcpProblems, mcpUrl, toolRules } from './mcp-schema.ts';
import { entry } from './strict-entry.ts';

/** One host, or a list of hosts. */
const hosts = z
  .preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(host).min(1, 'is empty: name a host'))
  .meta({ short: { type: 'string' } });
const ports = z
  .array(port)
  .min(1, 'is empty: leave it out for 443')
  .transform((list) => [...new Set(list)]);

const ACTIONS = ['inject', 'forward', 'deny'] as const;

const rule = entry({
  inject: hosts.optional(),
  forward: hosts.optional(),
  deny: hosts.optional(),
  ports: ports.optional(),
  methods: methods.optional(),
  paths: paths.optional(),
  addresses: addresses.optional(),
}).superRefine((each, context) => {
  if (ACTIONS.filter((action) => each[action] !== undefined).length !== 1) {
    context.addIssue({
      code: 'custom',
      message: 'needs one of inject, forward and deny, with a host or a list of hosts',
    });
  }
  if (each.deny !== undefined) {
    if (each.addresses) {
      context.addIssue({ code: 'custom', path: ['addresses'], message: 'open addresses, and a deny opens nothing' });
    }
    return;
  }
  // A deny may name any path. What allows must name paths that every server reads in the same way.
  for (const issue of allowedPaths.optional().safeParse(each.paths).error?.issues ?? []) {
    context.addIssue({ code: 'custom', path: ['paths', ...issue.path], message: issue.message });
  }
});

export const connection = entry({
  preset: z.string().optional(),
  forge: forge.optional(),
  host: host.optional(),
  port: port.optional(),
  methods: methods.optional(),
  paths: allowedPaths.optional(),
  addresses: addresses.optional(),
  scheme: z.literal('https', 'a credential never travels in clear text: connections are https').optional(),
  rules: z.array(rule).min(1, 'is empty: a connection needs a host or rules').optional(),
  ca: z.string().min(1, 'is empty').optional(),
  test: request.refine(({ url }) => /^https:/i.test(url), 'must be https: connections are').optional(),
  priority: priority.default(0),
  credential,
  kind: z.literal('mcp', 'must be mcp, or left out: what a credential is stands in credential.kind').optional(),
  url: mcpUrl.optional(),
  tools: toolRules.optional(),
}).superRefine((each, context) => {
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: 'custom', path: field.split('.'), message });
  const isMcp = each.kind === 'mcp';
  for (const { field, message } of mcpProblems(each, isMcp)) refuse(field, message);
  if (isMcp) return;
  if (each.forge !== undefined && each.preset !== undefined) {
    refuse('forge', 'stands beside preset, which says what the service is: leave it out');
  } else if (each.forge !== undefined && each.forge !== 'github' && each.credential.kind === 'github-app') {
    refuse('forge', 'must be github: the credential is a github-app');
  }
  if (each.rules === undefined) {
    if (each.host === undefined) refuse('host', 'is missing: a connection needs a host or rules');
    return;
  }
  for (const field of ['host', 'port', 'methods', 'paths', 'addresses'] as const) {
    if (each[field] !== undefined) refuse(field, 'stands beside rules: write it in the rules');
  }
  if (!each.rules.some(({ inject }) => inject !== undefined)) {
    refuse('rules', 'attach the credential nowhere: none of them has inject');
  }
});

export type ConnectionEntry = z.infer<typeof connection>;
export type RuleEntry = z.infer<typeof rule>;
