import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import type { ToolDefinition } from '../contracts/mcp.ts';

/** A tool as a server lists it. */
export interface ListedTool {
  /** Names the definition: another name, description, schema or annotation gives another digest. */
  readonly digest: string;
  /** In a size that is given to models. */
  readonly definition: ToolDefinition;
  /** Why no model can be given it, as a sentence. Null when one can. */
  readonly problem: string | null;
}

/** A page of a list of tools. What is no tool at all is left out later, so that it hides no other. */
export const PageSchema = z.object({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

const record = z.record(z.string(), z.unknown());
const ToolSchema = z.object({
  name: z.string().min(1),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: record.catch({}),
  annotations: record.optional().catch(undefined),
});

/** Knows the schema of schemas. It is made once, because that takes 20 ms, and keeps nothing of what it checks. */
const SCHEMAS = new Ajv2020({ strict: false, logger: false });

/** Reads one piece of a list. Nothing for what has no name. */
export function readListed(piece: unknown): ListedTool[] {
  const { success, data } = ToolSchema.safeParse(piece);
  return success ? [readTool(data)] : [];
}

/** What a server says of one of its tools. */
export interface SaidTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
}

const MAX_DESCRIPTION = 2_000;
const MAX_SCHEMA = 16 * 1024;
const MAX_NAME = 128;
/** Names of arguments that the APIs of models take. */
const ARGUMENT = /^[a-zA-Z0-9_.-]{1,64}$/;

/** Reads what a server says of a tool. The digest is of the whole of it, also of what is cut off. */
export function readTool({ name, title, description = '', inputSchema, annotations = {} }: SaidTool): ListedTool {
  const digest = createHash('sha256')
    .update(JSON.stringify(inOrder({ name, title, description, inputSchema, annotations })))
    .digest('hex');
  const problem = nameProblem(name) ?? schemaProblem(inputSchema);
  const definition = {
    name: name.slice(0, MAX_NAME),
    description: cut(description === '' ? (title ?? '') : description),
    inputSchema: problem === null ? inputSchema : { type: 'object' },
    readOnly: annotations.readOnlyHint === true,
    idempotent: annotations.idempotentHint === true,
  };
  return { digest, definition, problem };
}

function cut(text: string): string {
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)}… (cut here)` : text;
}

function nameProblem(name: string): string | null {
  if (name.length > MAX_NAME) return `Its name is longer than ${MAX_NAME} characters.`;
  // What PostgreSQL cannot store is stored as U+FFFD, by which two names would become one.
  return /[\p{Cc}\p{Cs}\ufffd]/u.test(name) ? 'Its name has characters that cannot be shown.' : null;
}

/** One tool that the model's API refuses would fail every turn, so what that API does not take is not offered. */
function schemaProblem(schema: Readonly<Record<string, unknown>>): string | null {
  const text = JSON.stringify(schema);
  if (Buffer.byteLength(text) > MAX_SCHEMA) return `Its schema is larger than ${MAX_SCHEMA} bytes.`;
  // PostgreSQL stores neither NUL nor half a surrogate pair. JSON.stringify writes both as escapes.
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)) return 'Its schema has characters that cannot be stored.';
  if (schema.type !== 'object') return 'Its schema is none of an object.';
  if ('oneOf' in schema || 'anyOf' in schema || 'allOf' in schema) {
    return 'Its schema has oneOf, anyOf or allOf at its top, which models are not given.';
  }
  const { properties = {} } = schema;
  if (typeof properties !== 'object' || properties === null) return 'Its schema is not valid.';
  if (Object.keys(properties).some((each) => !ARGUMENT.test(each))) {
    return 'Its schema has an argument with a name that models are not given.';
  }
  try {
    // Only a schema of another draft has a `$schema` that is not known; it is judged like the others.
    const { $schema: _, ...judged } = schema;
    return SCHEMAS.validateSchema(judged) === true ? null : 'Its schema is not valid.';
  } catch {
    return 'Its schema is not valid.';
  }
}

/** The same text for equal content: PostgreSQL and servers do not keep the order of fields. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, inOrder(each)]);
}
