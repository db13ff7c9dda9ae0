/** What a server asks people while it works (https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation). */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  type ElicitRequestFormParams,
  ElicitRequestSchema,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FormField } from '../contracts/questions.ts';
import { asksForSecret } from './asks-for-secret.ts';
import { quoted } from './errors.ts';

/** A question of a server, as a form. */
export interface Elicitation {
  /** The server's own words, bounded. */
  readonly message: string;
  readonly fields: readonly FormField[];
  /** What is wrong with what was entered, as a sentence. Null at first. */
  readonly problem: string | null;
}

/** What became of it. `given` has what was entered, by the names of the fields. */
export type Elicited =
  | { readonly action: 'accept'; readonly given: Readonly<Record<string, string>> }
  | { readonly action: 'decline' | 'cancel' };

/** @param ended aborts when nobody waits for the answer any more */
export type Elicit = (asked: Elicitation, ended: AbortSignal) => Promise<Elicited>;

/** Only forms: an address that a server names is opened by nobody. It stands in every greeting, because servers list tools by it. */
export const CAPABILITIES = { elicitation: { form: {} } } as const;

/** How often a server may ask in one call, and how often what was entered may not fit. */
const MAX_ASKED = 5;
const MAX_WRONG = 3;
const MAX_FIELDS = 20;
/** What a list of Slack takes. A list that is more than that cannot be chosen from, so it is not shown in part. */
const MAX_OPTIONS = 100;
const MAX_OPTION_VALUE = 150;
const MAX_MESSAGE = 1_000;
/** Formats are only told to people. A server checks them itself. */
const CHECKS = new Ajv2020({ strict: false, logger: false, validateFormats: false });

type Property = ElicitRequestFormParams['requestedSchema']['properties'][string];

/** Answers a server's questions from now on. Without `elicit` each is cancelled. */
export function answerQuestions(client: Client, elicit: Elicit | null): void {
  let asked = 0;
  client.setRequestHandler(ElicitRequestSchema, async ({ params }, { signal }): Promise<ElicitResult> => {
    asked += 1;
    if (elicit === null || asked > MAX_ASKED || !('requestedSchema' in params)) return { action: 'cancel' };
    return await answer(params, elicit, signal);
  });
}

async function answer(
  { message, requestedSchema }: ElicitRequestFormParams,
  elicit: Elicit,
  ended: AbortSignal,
): Promise<ElicitResult> {
  const properties = Object.entries(requestedSchema.properties);
  if (properties.length > MAX_FIELDS || asksForSecret({ message, requestedSchema })) return { action: 'cancel' };
  const required = new Set(requestedSchema.required);
  // A server's name may be anything, and fields are known by names of ours.
  const fields = properties.map(([name, property], index) => fieldOf(`f${index}`, name, property, required.has(name)));
  if (fields.some(({ options }) => options && !canBeShown(options))) return { action: 'cancel' };
  let problem: string | null = null;
  for (let wrong = 0; wrong < MAX_WRONG; wrong += 1) {
    const came = await elicit({ message: quoted(message, MAX_MESSAGE), fields, problem }, ended);
    if (came.action !== 'accept') return { action: came.action };
    const content = Object.fromEntries(
      properties.flatMap(([name, property], index) => {
        const value = typed(property, came.given[`f${index}`]);
        return value === undefined ? [] : [[name, value]];
      }),
    );
    problem = whatIsWrong(requestedSchema, content);
    if (problem === null) return { action: 'accept', content };
  }
  return { action: 'cancel' };
}

function fieldOf(name: string, theirs: string, property: Property, isRequired: boolean): FormField {
  const { title, description } = property;
  const options = optionsOf(property);
  const hint = [description && quoted(description, 100), ...limitsOf(property)].filter(Boolean).join('. ');
  return {
    name,
    label: quoted(title ?? theirs, 100),
    optional: !isRequired,
    ...(hint && { hint }),
    ...(options && { options }),
    ...((property.type === 'number' || property.type === 'integer') && { kind: 'number' as const }),
    ...(property.default !== undefined && { initial: String(property.default).slice(0, 1_000) }),
  };
}

function canBeShown(options: NonNullable<FormField['options']>): boolean {
  return (
    options.length > 0 &&
    options.length <= MAX_OPTIONS &&
    options.every(({ value }) => value.length > 0 && value.length <= MAX_OPTION_VALUE)
  );
}

/** What one of a list is chosen from. Several of a list are written with commas between them. */
function optionsOf(property: Property): FormField['options'] {
  if (property.type === 'boolean') {
    return [
      { value: 'true', label: 'Yes' },
      { value: 'false', label: 'No' },
    ];
  }
  if (property.type !== 'string') return undefined;
  if ('oneOf' in property) {
    return property.oneOf
      .slice(0, MAX_OPTIONS + 1)
      .map((each) => ({ value: each.const, label: quoted(each.title, 70) }));
  }
  if (!('enum' in property)) return undefined;
  const names = 'enumNames' in property ? (property.enumNames ?? []) : [];
  return property.enum
    .slice(0, MAX_OPTIONS + 1)
    .map((value, index) => ({ value, label: quoted(names[index] ?? value, 70) }));
}

function limitsOf(property: Property): string[] {
  if (property.type === 'array') {
    const { items } = property;
    const known = 'enum' in items ? items.enum : items.anyOf.map((each) => each.const);
    return [`Some of these, with commas: ${quoted(known.join(', '), 100)}`];
  }
  if (property.type !== 'number' && property.type !== 'integer') {
    return 'format' in property && property.format ? [`As ${quoted(property.format, 20)}`] : [];
  }
  const { minimum, maximum } = property;
  return minimum === undefined && maximum === undefined ? [] : [`From ${minimum ?? 'any'} to ${maximum ?? 'any'}`];
}

function typed(property: Property, text: string | undefined): string | number | boolean | string[] | undefined {
  if (text === undefined || text === '') return undefined;
  switch (property.type) {
    case 'boolean':
      return text === 'true';
    case 'number':
    case 'integer':
      return Number(text);
    case 'array':
      return text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '');
    default:
      return text;
  }
}

function whatIsWrong(schema: ElicitRequestFormParams['requestedSchema'], content: unknown): string | null {
  try {
    if (CHECKS.validate(schema, content)) return null;
  } catch {
    return 'The server asks for something that cannot be checked.';
  } finally {
    // It would keep every schema that it has seen.
    CHECKS.removeSchema(schema);
  }
  const [first] = CHECKS.errors ?? [];
  return `${quoted(first?.instancePath.slice(1) || 'it', 100)} ${quoted(first?.message ?? 'does not fit', 200)}`;
}
