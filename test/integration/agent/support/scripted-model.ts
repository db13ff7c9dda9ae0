import type { Model, ModelAnswer, ModelInput, ModelRequest } from '../../../../agent/model/model.ts';
import type { AnswerBlock, StopReason } from '../../../../contracts/conversation.ts';

export interface ScriptedModel extends Model {
  readonly requests: readonly ModelRequest[];
}

/** A model that gives the answers a test has prepared, for what the demo model never does. */
export function scriptedModel(
  answers: readonly ((request: ModelRequest) => ModelAnswer | Promise<ModelAnswer>)[],
  contextTokens = 200_000,
  takes: readonly ModelInput[] = [],
): ScriptedModel {
  const requests: ModelRequest[] = [];
  return {
    name: 'scripted',
    contextTokens,
    takes,
    requests,
    async call(request) {
      requests.push(request);
      const next = answers[requests.length - 1];
      if (!next) throw new Error('the test has no further answer');
      return next(request);
    },
  };
}

export function answering(
  content: readonly AnswerBlock[],
  stopReason: StopReason = 'end',
  inputTokens = 100,
): () => ModelAnswer {
  return () => ({ content, stopReason, usage: { inputTokens, outputTokens: 10 }, model: 'scripted' });
}

export function text(said: string): AnswerBlock {
  return { type: 'text', text: said };
}

export function call(id: string, name: string, input: unknown): AnswerBlock {
  return { type: 'tool_use', id, name, input };
}

/** All text of a request's last message, tool results included. */
export function lastMessage(request: ModelRequest | undefined): string {
  return (request?.messages.at(-1)?.content ?? [])
    .map((block) => (block.type === 'text' || block.type === 'tool_result' ? block.text : ''))
    .join('\n');
}
