import type { NamedModel } from '../../access/document.ts';
import { createAnthropicModel } from './anthropic.ts';
import type { Model } from './model.ts';
import { createChatModel } from './openai-chat.ts';
import { createResponsesModel } from './openai-responses.ts';

/** The client of a model that the access file names. @param key null where the server asks for none */
export function createModel(named: NamedModel, key: string | null, fetch = globalThis.fetch): Model {
  const { api, baseUrl, model, contextTokens, answerTokens, reasoning, takes } = named;
  // A redirect would carry the key, or the conversation, to another host.
  const direct: typeof globalThis.fetch = (input, init) => fetch(input, { ...init, redirect: 'error' });
  const provider = `${api} ${new URL(baseUrl).host} ${model}`;
  const options = { baseUrl, model, contextTokens, answerTokens, provider, fetch: direct, ...(takes && { takes }) };
  switch (api) {
    case 'messages':
      return createAnthropicModel({ ...options, apiKey: key ?? '' });
    case 'chat-completions':
      return createChatModel({ ...options, apiKey: key, reasoning });
    case 'responses':
      return createResponsesModel({ ...options, apiKey: key, reasoning });
  }
}
