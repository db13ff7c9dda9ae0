import { z } from 'zod';
import type { ToolSpec } from '../model/model.ts';
import { bash } from './bash.ts';
import { editFile } from './edit-file.ts';
import { postFile } from './post-file.ts';
import { readFile } from './read-file.ts';
import { readThread } from './read-thread.ts';
import type { Tool } from './tool.ts';
import { writeFile } from './write-file.ts';

export interface ToolRegistry {
  /** As the model is given them. */
  readonly specs: readonly ToolSpec[];
  /** Undefined for a name the model made up. */
  find(name: string): Tool | undefined;
}

/** @param tools in the order the model is shown them */
export function createToolRegistry(
  tools: readonly Tool[] = [bash, readFile, writeFile, editFile, postFile, readThread],
): ToolRegistry {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const specs = tools.map(({ name, description, schema }) => ({ name, description, schema: jsonSchemaOf(schema) }));
  return { specs, find: (name) => byName.get(name) };
}

/** One line for Temporal UI, such as `turn 2 · bash`: it names the tool and never what it was given. */
export function summaryOf(tool: string, turn: number): string {
  return `turn ${turn} · ${tool}`;
}

/** What the model may leave out is what has a default, so the schema is that of the input. */
function jsonSchemaOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
