import type { ResponseCreateParamsStreaming } from 'openai/resources/responses/responses';
import { ModelError } from '../errors.ts';
import { oneAttempt } from './attempt.ts';
import { type Model, type ModelAnswer, type ModelRequest, wholePrompt } from './model.ts';
import { classify, LONGEST_ANSWER, type OpenAiModelOptions, openAiClient } from './openai-client.ts';
import { answerOf, failureOf, inputItems, responseTools } from './openai-responses-items.ts';

/**
 * A model behind OpenAI's Responses API. Nothing is stored at the vendor: each request has the whole conversation. With
 * `reasoning`, what the model thought comes back sealed by the vendor, and is given back in later requests.
 */
export function createResponsesModel(options: OpenAiModelOptions): Model {
  const { apiKey, model, contextTokens, takes = [], idleMs = 90_000, fetch = globalThis.fetch } = options;
  return {
    name: model,
    contextTokens,
    takes,
    call: (request) =>
      oneAttempt({ signal: request.signal, idleMs, fetch, key: apiKey, classify }, async (watched, signal) =>
        readAnswer(options, request, watched, signal),
      ),
  };
}

async function readAnswer(
  options: OpenAiModelOptions,
  request: ModelRequest,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const client = openAiClient(options, fetch);
  const stream = await client.responses.create(paramsOf(options, request), { signal });
  let length = 0;
  for await (const event of stream) {
    if ('delta' in event && typeof event.delta === 'string') length += event.delta.length;
    if (length > LONGEST_ANSWER) break;
    switch (event.type) {
      case 'response.output_text.delta':
        request.onText?.(event.delta);
        break;
      // The last event has the whole answer.
      case 'response.completed':
      case 'response.incomplete':
        return answerOf(event.response, request, options);
      case 'response.failed':
        throw failureOf(event.response.error);
      case 'error':
        throw failureOf(event);
    }
  }
  const reason =
    length > LONGEST_ANSWER ? "the model's answer has no end" : "the model's stream ended before its answer did";
  throw new ModelError('ModelUnavailable', reason);
}

function paramsOf(
  { model, answerTokens, reasoning, provider }: OpenAiModelOptions,
  { messages, tools, maxTokens, ...prompt }: ModelRequest,
): ResponseCreateParamsStreaming {
  return {
    model,
    instructions: wholePrompt(prompt),
    input: inputItems(messages, provider),
    ...(tools.length > 0 && { tools: responseTools(tools) }),
    max_output_tokens: Math.min(maxTokens, answerTokens),
    ...(reasoning !== undefined && {
      reasoning: { effort: reasoning },
      // A model that does not reason refuses this.
      include: ['reasoning.encrypted_content' as const],
    }),
    store: false,
    stream: true,
  };
}
