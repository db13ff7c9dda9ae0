/** The shape of each entry of `bellhop.yaml`. References between entries are checked later (references.ts). */
import { z } from 'zod';
import { REGISTRY_NAMES } from '../../contracts/registries.ts';
import { LISTEN, REPOSITORY_OPERATIONS } from '../document.ts';
import { OUTSIDER_RULES } from '../outsiders.ts';
import {
  addresses,
  allowedPaths,
  forge,
  guardrailHost,
  host,
  instructions,
  methods,
  NAME,
  name,
  paths,
  port,
  priority,
  request,
} from './leaf-schemas.ts';
import { commandServer, toolPattern } from './mcp-schema.ts';
import { entry, notHere } from './strict-entry.ts';

/** The message for a file that has the key at a channel: it says where the key belongs. */
const ofOrganization = notHere('belongs under organization or a workspace');
/** The other way round. */
const ofChannel = notHere('belongs under a channel');

export const section = entry({
  enabled: z.boolean().optional(),
  bundles: z.array(name).default([]),
  instructions: instructions.default(''),
  environment: name.optional(),
  model: name.optional(),
  guests: z.enum(OUTSIDER_RULES).optional(),
  'shared-channels': z.enum(OUTSIDER_RULES).optional(),
  models: z.array(name).min(1, 'is empty').optional(),
  listen: z.enum(LISTEN).optional(),
  identity: z.enum(['agent', 'requester']).optional(),
  personal: z.array(name).min(1, 'is empty').optional(),
  others: z.enum(['never', 'ask']).optional(),
  'direct-messages': ofOrganization,
  'group-messages': ofOrganization,
}).superRefine(({ identity, personal, others }, context) => {
  if (identity === 'requester') return;
  for (const [field, value] of Object.entries({ personal, others })) {
    if (value === undefined) continue;
    context.addIssue({ code: 'custom', path: [field], message: 'is for a channel with identity: requester' });
  }
});

/** What the organization and a workspace may say. */
export const broadSection = entry({
  ...section.shape,
  identity: ofChannel,
  personal: ofChannel,
  others: ofChannel,
  'direct-messages': z.enum(['on', 'off']).optional(),
  'group-messages': z.enum(['off', 'workspace']).optional(),
});

export const workspaceSection = entry({
  ...broadSection.shape,
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

const REPOSITORY = /^(?:(?!\.{1,2}\/)[A-Za-z0-9._-]{1,100}\/){1,19}(?:\*|(?!\.{1,2}$)[A-Za-z0-9._-]{1,100})$/;
/** As git has them (git-check-ref-format), with `*` for one segment and `**` for several. */
const BRANCH = /^(?![/.-])(?!.*(?:\/\/|\.\.|\/\.|\.lock(?:\/|$)|@\{))[^\p{Cc} ~^:?[\\]{1,200}(?<![/.])$/u;

const grant = {
  repository: z.string().regex(REPOSITORY, 'must be owner/name, or owner/* for all repositories of an owner'),
  access: z.enum(['read', 'propose', 'write']),
  branches: z.array(z.string().regex(BRANCH, 'is no branch: a name, or prefix/*')).min(1, 'is empty').optional(),
};

const repository = entry({
  ...grant,
  forge: forge.optional(),
  host: host.refine((text) => !text.startsWith('*'), 'is one server, without a wildcard').optional(),
  connection: name.optional(),
}).superRefine(checkBranches);

/** A repository of an offer to people. */
export const personalRepository = entry({
  ...grant,
  repository: z
    .string()
    .regex(new RegExp(`^\\*$|${REPOSITORY.source}`), 'must be owner/name, owner/*, or * for every repository'),
}).superRefine(checkBranches);

function checkBranches(
  { access, branches }: { readonly access: string; readonly branches?: readonly string[] | undefined },
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['branches'], message });
  if (access === 'write' && branches === undefined) refuse('is missing: write says which branches, such as [main]');
  if (access === 'read' && branches !== undefined) refuse('stands beside read: nothing is pushed');
  if (access === 'propose' && branches !== undefined) refuse('stands beside propose, which is for bellhop/* only');
}

export const bundle = entry({
  connections: z.array(name).default([]),
  // Most entries are just a host.
  domains: z
    .array(
      z
        .preprocess((value) => (typeof value === 'string' ? { host: value } : value), domainEntry)
        .meta({ short: { type: 'string' } }),
    )
    .default([]),
  repositories: z.array(repository).default([]),
  registries: z
    .array(z.enum(REGISTRY_NAMES, `is no registry that is known: ${REGISTRY_NAMES.join(', ')}`))
    .refine((list) => new Set(list).size === list.length, 'has a name twice')
    .default([]),
  servers: z.record(name, commandServer).default({}),
  instructions: instructions.default(''),
});

export const guardrail = entry({
  host: guardrailHost.optional(),
  ...matching,
  paths: paths.optional(),
  repository: z
    .string()
    .regex(/^(?:\*|[A-Za-z0-9._/-]+(?:\/\*)?)$/, 'must be owner/name, owner/*, or * for every repository')
    .optional(),
  operations: z.array(z.enum(REPOSITORY_OPERATIONS)).min(1, 'is empty').optional(),
  reason: z.string().max(500).default(''),
  mcp: z
    .string()
    .refine((text) => text === '*' || NAME.test(text), 'must be the name of an MCP server, or * for every one')
    .optional(),
  tools: z.array(toolPattern).min(1, 'is empty').optional(),
}).superRefine((each, context) => {
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  const subjects = (['host', 'repository', 'mcp'] as const).filter((field) => each[field] !== undefined);
  if (each.mcp === undefined && each.tools !== undefined) refuse('tools', 'belong to an MCP server: add mcp');
  if (subjects.length !== 1) {
    refuse(
      subjects[0] ?? 'host',
      subjects.length === 0
        ? 'is missing: a guardrail is for a host, a repository or an MCP server'
        : `stands beside ${subjects.slice(1).join(' and ')}: keep one of them`,
    );
  } else if (each.mcp !== undefined) {
    if (each.tools === undefined) refuse('tools', 'is missing: names of tools, such as delete_*');
    for (const field of ['port', 'methods', 'paths', 'operations'] as const) {
      if (each[field] !== undefined) refuse(field, 'stands beside mcp: an MCP server has tools');
    }
  } else if (each.repository !== undefined) {
    if (each.operations === undefined) refuse('operations', `is missing: some of ${REPOSITORY_OPERATIONS.join(', ')}`);
    for (const field of ['port', 'methods', 'paths'] as const) {
      if (each[field] !== undefined) refuse(field, 'belongs to a host: a repository has operations');
    }
  } else if (each.operations !== undefined)
    refuse('operations', 'belong to a repository: a host has methods and paths');
});

export const schedule = entry({
  channel: z.string().min(1, 'is empty'),
  cron: z.string().optional(),
  at: z.string().optional(),
  timezone: z.string(),
  prompt: z.string().trim().min(1, 'is empty').max(4000, 'is longer than 4,000 characters'),
  paused: z.boolean().optional(),
}).refine(({ cron, at }) => (cron === undefined) !== (at === undefined), 'needs one of cron and at');

/** A test says what the file must allow or block. */
export const test = entry({
  from: z.string().min(1, 'is empty'),
  request: request.optional(),
  push: z
    .string()
    .regex(/^[A-Za-z0-9._/-]+\/[A-Za-z0-9._-]+ \S+$/, 'must be a repository and a branch, such as acme/shop main')
    .optional(),
  tool: z
    .string()
    .regex(/^[a-z0-9-]+\.\S+$/, 'must be a server and a tool, such as linear-tools.create_issue')
    .optional(),
  expect: z
    .string()
    .regex(
      /^(?:blocked|allowed|injected|forwarded)(?: by \S+)?$/,
      'must be blocked, allowed, injected or forwarded, or one of them with `by` and a name: injected by acme-api',
    ),
}).refine(
  ({ request, push, tool }) => [request, push, tool].filter((each) => each !== undefined).length === 1,
  'needs one of request, push and tool',
);

export type Section = z.infer<typeof section>;
export type BroadSection = z.infer<typeof broadSection>;
export type WorkspaceEntry = z.infer<typeof workspaceSection>;
export type BundleEntry = z.infer<typeof bundle>;
export type DomainShape = BundleEntry['domains'][number];
export type RepositoryEntry = BundleEntry['repositories'][number];
export type GuardrailEntry = z.infer<typeof guardrail>;
export type TestEntry = z.infer<typeof test>;
export type ScheduleEntry = z.infer<typeof schedule>;
