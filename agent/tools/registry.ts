import { z } from 'zod';
import { toolOfWireName } from '../../access/mcp/wire-name.ts';
import type { ToolSpec } from '../model/model.ts';
import { bash } from './bash.ts';
import { editFile } from './edit-file.ts';
import { plan } from './plan.ts';
import { postFile } from './post-file.ts';
import { readFile } from './read-file.ts';
import { deleteMessage } from './slack/delete-message.ts';
import { findChannels, findPeople } from './slack/look-up.ts';
import { postMessage } from './slack/post-message.ts';
import { readChannel, readMessage, readPins } from './slack/read-places.ts';
import { readThread } from './slack/read-thread.ts';
import { searchMessages } from './slack/search-messages.ts';
import type { Tool } from './tool.ts';
import { viewFile } from './view-file.ts';
import { writeFile } from './write-file.ts';

export interface ToolRegistry {
  /** The tools as the model gets them. */
  readonly specs: readonly ToolSpec[];
  readonly names: readonly string[];
  /** Undefined for a name that does not exist. Models make up names. */
  find(name: string): Tool | undefined;
  /** What the model is told of a call of a tool that does not exist. */
  missing(name: string): string;
  /**
   * With more tools behind these.
   *
   * @param servers what is to be told of MCP servers, each sentence after the name of its server
   */
  with(tools: readonly Tool[], servers?: readonly string[]): ToolRegistry;
}

/** They need no sandbox, so a question about what was said is answered without one. */
const SLACK_TOOLS: readonly Tool[] = [
  ...[readThread, readChannel, readMessage, readPins],
  ...[searchMessages, findPeople, findChannels, postMessage, deleteMessage],
];

/** @param tools in the order in which the model sees them */
export function createToolRegistry(
  tools: readonly Tool[] = [bash, readFile, writeFile, editFile, viewFile, postFile, plan, ...SLACK_TOOLS],
  servers: readonly string[] = [],
): ToolRegistry {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const specs = tools.map(({ name, description, schema, inputSchema }) => ({
    ...{ name, description },
    schema: inputSchema ?? jsonSchemaOf(schema),
  }));
  return {
    specs,
    names: [...byName.keys()],
    find: (name) => byName.get(name),
    missing(name) {
      const server = toolOfWireName(name)?.server;
      const told = servers.filter((each) => each.startsWith(`${server}: `));
      // The name is any text, so it is cut.
      return [
        `There is no tool named ${name.slice(0, 100)}.`,
        ...told,
        `There are: ${[...byName.keys()].join(', ')}.`,
      ].join(' ');
    },
    with: (more, told = servers) => createToolRegistry([...tools, ...more], told),
  };
}

/** One line for Temporal UI, such as `turn 2 · bash`. It has the tool's name but never its arguments. */
export function summaryOf(tool: string, turn: number): string {
  return `turn ${turn} · ${tool}`;
}

/** The schema of the input, in which arguments with a default are optional. */
function jsonSchemaOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
