/** A JSON Schema of `bellhop.yaml`, for editors that complete and check while somebody writes. */
import { z } from 'zod';
import { modelSchema } from '../models/model-schema.ts';
import { PRESETS } from '../presets/apply-preset.ts';
import { connection } from './connection-schema.ts';
import { NAME } from './leaf-schemas.ts';
import { people } from './read-people.ts';
import { broadSection, bundle, guardrail, schedule, section, test, workspaceSection } from './schemas.ts';
import { isNotHere } from './strict-entry.ts';

type JsonSchema = Record<string, unknown>;

/**
 * The shape of the file as JSON Schema (draft 2020-12). It knows keys, kinds and patterns. What `bellhop plan` checks
 * beyond that, such as names that exist and rules that overlap, no schema can say.
 */
export function accessFileSchema(): JsonSchema {
  const named = (entry: JsonSchema) => ({
    type: 'object',
    propertyNames: { pattern: NAME.source },
    additionalProperties: entry,
  });
  const keyed = (entry: JsonSchema) => ({ type: 'object', additionalProperties: entry });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'bellhop.yaml',
    type: 'object',
    additionalProperties: false,
    properties: {
      organization: shapeOf(broadSection),
      workspace: shapeOf(workspaceSection),
      workspaces: keyed(shapeOf(broadSection)),
      channels: keyed(shapeOf(section)),
      bundles: named(shapeOf(bundle)),
      connections: named(connectionShape()),
      guardrails: named(shapeOf(guardrail)),
      schedules: named(shapeOf(schedule)),
      models: named(shapeOf(modelSchema)),
      people: shapeOf(people),
      tests: { type: 'array', items: shapeOf(test) },
    },
  };
}

/** As people write it: before defaults are filled in, and with short forms. */
function shapeOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (isNotHere(zodSchema)) jsonSchema.not = {};
      // `short` is our own: the form that stands for a longer one, such as `read` for a list of methods.
      const { short, ...long } = jsonSchema;
      if (short === undefined) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.anyOf = [short as JsonSchema, long];
    },
  });
  return shape;
}

/** A connection with a preset also has the preset's own fields. */
function connectionShape(): JsonSchema {
  const shape = shapeOf(connection) as JsonSchema & { properties: JsonSchema };
  const fields = Object.values(PRESETS).flatMap((preset) => Object.entries(preset.fields));
  const own = fields.map(([name, { about, pattern }]) => [
    name,
    { type: 'string', description: about, pattern: pattern.source },
  ]);
  return {
    ...shape,
    properties: { ...Object.fromEntries(own), ...shape.properties, preset: { enum: Object.keys(PRESETS) } },
  };
}
