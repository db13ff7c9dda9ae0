import Anthropic from '@anthropic-ai/sdk';
import { ANTHROPIC, answerOf, messageParams, systemParams, toolParams } from './anthropic-messages.ts';
import { oneAttempt } from './attempt.ts';
import { classifyAnthropicError } from './classify-anthropic.ts';
import type { Model, ModelAnswer, ModelInput, ModelRequest } from './model.ts';

export interface AnthropicModelOptions {
  readonly apiKey: string;
  /** @default https://api.anthropic.com */
  readonly baseUrl?: string;
  readonly model: string;
  /** The model's window, in tokens. @default 200000 */
  readonly contextTokens?: number;
  /** The longest answer, in tokens. @default what the request says */
  readonly answerTokens?: number | undefined;
  /** @default images and PDF */
  readonly takes?: readonly ModelInput[];
  /** Whose blocks are given back to it: the reasoning of another server means nothing here. @default anthropic */
  readonly provider?: string;
  /** How long the stream may be silent, pings included, before the call counts as failed. @default 90000 */
  readonly idleMs?: number;
  readonly fetch?: typeof fetch;
}

/** A model behind Anthropic's Messages API. It uses the official SDK, whose own retries are off. */
export function createAnthropicModel(options: AnthropicModelOptions): Model {
  const { apiKey, baseUrl, model, contextTokens = 200_000, idleMs = 90_000, fetch = globalThis.fetch } = options;
  const { answerTokens = Number.POSITIVE_INFINITY, provider = ANTHROPIC, takes = ['images', 'pdf'] } = options;
  const client = new Anthropic({
    apiKey,
    baseURL: baseUrl ?? 'https://api.anthropic.com',
    maxRetries: 0,
    // The SDK's log may contain bodies. Operators see failures in Temporal.
    logLevel: 'off',
    openTelemetry: false,
  });

  async function call(request: ModelRequest): Promise<ModelAnswer> {
    const { signal } = request;
    return oneAttempt(
      { signal, idleMs, fetch, key: apiKey, classify: classifyAnthropicError },
      async (watched, ended) => {
        const stream = client.withOptions({ fetch: watched }).messages.stream(
          {
            model,
            max_tokens: Math.min(request.maxTokens, answerTokens),
            system: systemParams(request),
            messages: messageParams(request.messages, provider),
            ...(request.tools.length > 0 ? { tools: toolParams(request.tools) } : {}),
            // Each step sends the growing context again. With this, the provider caches the part it has seen. It is a second
            // point beside the one of the system prompt, which serves all threads of a place.
            cache_control: { type: 'ephemeral' },
          },
          { signal: ended },
        );
        if (request.onText) stream.on('text', request.onText);
        return answerOf(await stream.finalMessage(), provider);
      },
    );
  }

  return { name: model, contextTokens, takes, call };
}
