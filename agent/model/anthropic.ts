import Anthropic from '@anthropic-ai/sdk';
import { ModelError } from '../errors.ts';
import { answerOf, messageParams, toolParams } from './anthropic-messages.ts';
import { classifyAnthropicError } from './classify-anthropic.ts';
import { createIdleTimer, watchBody } from './idle.ts';
import type { Model, ModelAnswer, ModelRequest } from './model.ts';

export interface AnthropicModelOptions {
  readonly apiKey: string;
  /** @default https://api.anthropic.com */
  readonly baseUrl?: string;
  readonly model: string;
  /** The model's window, in tokens. @default 200000 */
  readonly contextTokens?: number;
  /** How long the stream may be silent, pings included, before the call counts as failed. @default 90000 */
  readonly idleMs?: number;
  readonly fetch?: typeof fetch;
}

/** A model behind Anthropic's Messages API. It uses the official SDK, whose own retries are off. */
export function createAnthropicModel(options: AnthropicModelOptions): Model {
  const { apiKey, baseUrl, model, contextTokens = 200_000, idleMs = 90_000, fetch = globalThis.fetch } = options;
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
    signal.throwIfAborted();
    const idle = createIdleTimer(idleMs);
    const watched = client.withOptions({ fetch: watchBody(fetch, idle.touch) });
    const stream = watched.messages.stream(
      {
        model,
        max_tokens: request.maxTokens,
        system: request.system,
        messages: messageParams(request.messages),
        ...(request.tools.length > 0 ? { tools: toolParams(request.tools) } : {}),
        // Each step sends the growing context again. With this, the provider caches the part it has seen.
        cache_control: { type: 'ephemeral' },
      },
      { signal: AbortSignal.any([signal, idle.signal]) },
    );
    if (request.onText) stream.on('text', request.onText);
    try {
      const message = await Promise.race([stream.finalMessage(), aborted(signal), aborted(idle.signal)]);
      return answerOf(message);
    } catch (error) {
      signal.throwIfAborted();
      if (idle.signal.aborted) {
        throw new ModelError('ModelUnavailable', `the model was silent for ${idleMs / 1000} s`);
      }
      throw classifyAnthropicError(error);
    } finally {
      idle.stop();
      stream.abort();
    }
  }

  return { name: model, contextTokens, call };
}

/** Rejects when the signal aborts, so that a stop does not wait for a socket to notice it. */
function aborted(signal: AbortSignal): Promise<never> {
  const waiting = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  waiting.catch(() => {});
  return waiting;
}
