import OpenAI from 'openai';
import type { ModelUsage } from '../../contracts/conversation.ts';
import { countedTokens } from '../tokens.ts';
import { classifyOpenAiError } from './classify-openai.ts';
import type { ModelInput } from './model.ts';

/** What both of OpenAI's protocols need to know of a model. */
export interface OpenAiModelOptions {
  /** Null: the server asks for none, and no `Authorization` is sent. */
  readonly apiKey: string | null;
  /** Up to and with the version: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  /** The model's window, in tokens. */
  readonly contextTokens: number;
  /** The longest answer, in tokens. */
  readonly answerTokens: number;
  /** How much a reasoning model is to think. Absent: as it does by itself. */
  readonly reasoning?: 'low' | 'medium' | 'high' | undefined;
  /** @default nothing */
  readonly takes?: readonly ModelInput[] | undefined;
  /** Whose blocks are given back to it: the reasoning of another server or model means nothing here. */
  readonly provider: string;
  /** How long the stream may be silent before the call counts as failed. @default 90000 */
  readonly idleMs?: number;
  readonly fetch?: typeof fetch;
}

/** An answer that is longer than any model writes is not one. Characters, arguments included. */
export const LONGEST_ANSWER = 16_000_000;

/** What a server says that it has counted. Anything may be missing. */
export interface Counted {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cached: number | undefined;
}

/** Tokens as the server has counted them. Some servers count nothing, or say zero: then they are estimated. */
export function usageOf(
  counted: Counted,
  estimate: () => Pick<ModelUsage, 'inputTokens' | 'outputTokens'>,
): ModelUsage {
  const input = countedTokens(counted.input);
  const output = countedTokens(counted.output);
  const cached = countedTokens(counted.cached);
  if (input === 0 || output === 0) {
    const estimated = estimate();
    return {
      inputTokens: input || estimated.inputTokens,
      outputTokens: output || estimated.outputTokens,
      estimated: true,
    };
  }
  return { inputTokens: input, outputTokens: output, ...(cached > 0 && { cachedTokens: Math.min(cached, input) }) };
}

/** The official SDK for one attempt. Its own retries are off, and it reads nothing from the environment. */
export function openAiClient({ apiKey, baseUrl }: OpenAiModelOptions, fetch: typeof globalThis.fetch): OpenAI {
  return new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl,
    organization: null,
    project: null,
    maxRetries: 0,
    // The SDK's log may contain bodies. Operators see failures in Temporal.
    logLevel: 'off',
    ...(apiKey === null && { defaultHeaders: { Authorization: null } }),
    fetch,
  });
}

export const classify = (error: unknown) => classifyOpenAiError(error);
