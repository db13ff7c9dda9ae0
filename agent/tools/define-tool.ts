import type { z } from 'zod';
import { isSandboxMistake, SANDBOX_MISTAKES } from './sandbox-port.ts';
import { type SandboxTool, type SlackTool, type SlackToolDefinition, said, type ToolDefinition } from './tool.ts';

/**
 * Makes a tool from its definition. Its schema checks the arguments. Mistakes of the model, such as wrong arguments or
 * missing files, become results that the model reads. All other errors are thrown.
 */
export function defineTool<Schema extends z.ZodType>(definition: ToolDefinition<Schema>): SandboxTool {
  return {
    ...definition,
    async run(context, given, signal) {
      const args = definition.schema.safeParse(given);
      if (!args.success) return said(invalidText(definition.name, args.error), true);
      try {
        return await definition.run(context, args.data, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isSandboxMistake(error)) return said(`${SANDBOX_MISTAKES[error.code]} (${error.message})`, true);
        throw error;
      }
    },
  };
}

/** The same for a tool of Slack. */
export function defineSlackTool<Schema extends z.ZodType>(definition: SlackToolDefinition<Schema>): SlackTool {
  return {
    ...definition,
    at: 'slack',
    idempotent: true,
    async run(context, given, signal) {
      const args = definition.schema.safeParse(given);
      if (!args.success) return said(invalidText(definition.name, args.error), true);
      return definition.run(context, args.data, signal);
    },
  };
}

function invalidText(tool: string, error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) => `- ${path.join('.') || 'arguments'}: ${message}`);
  return `The arguments of ${tool} are not valid, so it was not run:\n${issues.join('\n')}`;
}
