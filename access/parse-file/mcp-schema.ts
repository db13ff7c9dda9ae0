/** An MCP server in `bellhop.yaml`: a connection with `kind: mcp`, a `url` and `tools`. */
import { z } from 'zod';
import type { AddressException, CommandServer, McpServer, ToolList, ToolRules } from '../document.ts';
import { requestOfUrl } from '../request-of-url.ts';
import type { LineOf } from './convert.ts';
import { allowedPaths } from './leaf-schemas.ts';
import { entry } from './strict-entry.ts';

/** Where an MCP server is. Its path must be one that every server reads in the same way, as in rules. */
export const mcpUrl = z
  .string()
  .max(2_000, 'is longer than 2,000 characters')
  .superRefine((url, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (!/^https:\/\//i.test(url)) return refuse('must begin with https://: a credential never travels in clear text');
    if (url.includes('#')) return refuse('has a fragment, which no server is sent');
    try {
      const { path } = requestOfUrl('POST', url);
      const [issue] = allowedPaths.safeParse([path]).error?.issues ?? [];
      if (issue) refuse(`has a path that ${issue.message}`);
    } catch (error) {
      refuse((error as Error).message);
    }
  });

/** A name of a tool, with `*` for any text. */
export const toolPattern = z
  .string()
  .regex(
    /^[^\p{Cc}\s]{1,128}$/u,
    'must be the name of a tool, or a name with *, such as list_*: at most 128 characters',
  );

const patterns = z
  .array(toolPattern)
  .min(1, 'is empty')
  .max(200, 'has more than 200 names')
  .refine((list) => new Set(list).size === list.length, 'has a name twice');

/** One word for all tools of a server, and the list that it stands for. */
const SHORT: Readonly<Record<string, ToolList>> = { read: 'read', write: 'allow', approve: 'approve' };

export const toolRules = z
  .preprocess(
    (value) => (typeof value === 'string' && Object.hasOwn(SHORT, value) ? { [SHORT[value] ?? '']: ['*'] } : value),
    entry(
      {
        allow: patterns.optional(),
        deny: patterns.optional(),
        read: patterns.optional(),
        approve: patterns.optional(),
      },
      'known here: allow, deny, read, approve, each a list of names such as list_*',
    ).refine(({ allow, read, approve }) => allow ?? read ?? approve, {
      path: ['allow'],
      message: 'is missing: say which tools may be called, by allow, read or approve',
    }),
  )
  .meta({ short: { enum: Object.keys(SHORT) } });

/** An MCP server of a bundle, which a command starts in the sandbox. */
export const commandServer = entry({
  command: z
    .array(z.string().regex(/^[^\0]{0,4096}$/, 'has a character that no argument can have, or is longer than 4,096'))
    .min(1, 'is empty: it is a program with its arguments, such as [npx, -y, "@acme/notes-mcp"]')
    .max(100, 'has more than 100 arguments')
    .refine(([program]) => program !== '', 'names no program'),
  tools: toolRules,
});

/** @param lineOf counts from the bundle */
export function toCommandServers(
  servers: Readonly<Record<string, z.infer<typeof commandServer>>>,
  lineOf: LineOf,
): CommandServer[] {
  return Object.entries(servers).map(([id, { command, tools }]) => ({
    ...{ id, command, line: lineOf('servers', id) },
    tools: toRules(tools, (...path) => lineOf('servers', id, ...path)),
  }));
}

/** Fields that say what a connection without `kind: mcp` may reach. */
const OF_HOSTS = ['preset', 'forge', 'host', 'port', 'methods', 'paths', 'scheme', 'rules', 'test'] as const;
const NO_KIND: Readonly<Record<string, string>> = {
  'github-app':
    "is no kind for an MCP server: an app's token is narrowed to repositories, which the server does not name",
  body: 'is no kind for an MCP server: its messages have no field for a credential',
};

interface Entry {
  readonly url?: string | undefined;
  readonly tools?: unknown;
  readonly priority?: number;
  readonly credential: { readonly kind: string };
}

/** What is wrong with how the fields of a connection stand beside each other. */
export function mcpProblems(
  each: Entry & { readonly [field in (typeof OF_HOSTS)[number]]?: unknown },
  isMcp: boolean,
): { readonly field: string; readonly message: string }[] {
  if (!isMcp) {
    return (['url', 'tools'] as const)
      .filter((field) => each[field] !== undefined)
      .map((field) => ({ field, message: 'belongs to an MCP server: add kind: mcp' }));
  }
  const kind = NO_KIND[each.credential.kind];
  return [
    ...(each.url === undefined ? [{ field: 'url', message: 'is missing: where the MCP server is' }] : []),
    ...(each.tools === undefined
      ? [{ field: 'tools', message: 'is missing: say which tools may be called, such as { allow: ["list_*"] }' }]
      : []),
    ...OF_HOSTS.filter((field) => each[field] !== undefined).map((field) => ({
      field,
      message: 'stands beside kind: mcp, whose url says where it is: leave it out',
    })),
    ...(each.priority ? [{ field: 'priority', message: 'stands beside kind: mcp, which is no rule for hosts' }] : []),
    ...(kind ? [{ field: 'credential.kind', message: kind }] : []),
  ];
}

type ToolsEntry = z.infer<typeof toolRules>;

/** What makes the connection an MCP server. Nothing for another one. */
export function toMcp(
  {
    kind,
    url,
    tools,
  }: { readonly kind?: string | undefined; readonly url?: string | undefined; readonly tools?: ToolsEntry | undefined },
  lineOf: LineOf,
): { readonly mcp?: McpServer } {
  if (kind !== 'mcp' || url === undefined || tools === undefined) return {};
  return { mcp: { url, tools: toRules(tools, lineOf) } };
}

function toRules(tools: ToolsEntry, lineOf: LineOf): ToolRules {
  const withLines = (list: ToolList) =>
    (tools[list] ?? []).map((pattern, index) => ({
      pattern,
      // In the short form there is no list.
      line: lineOf('tools', list, index) || lineOf('tools'),
    }));
  const [read, approve] = [withLines('read'), withLines('approve')];
  return {
    ...{ allow: withLines('allow'), deny: withLines('deny') },
    ...(read.length > 0 && { read }),
    ...(approve.length > 0 && { approve }),
  };
}

/** The one rule of an MCP server: its address, with the methods of Streamable HTTP. */
export function mcpRule(url: string, addresses: readonly AddressException[] | undefined) {
  const { host, port, path } = requestOfUrl('POST', url);
  return {
    ...{ inject: [host], ports: [port], methods: ['POST', 'GET', 'DELETE'], paths: [path] },
    ...(addresses && { addresses: [...addresses] }),
  };
}
