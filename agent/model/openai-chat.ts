import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import { oneAttempt } from './attempt.ts';
import { type Model, type ModelRequest, wholePrompt } from './model.ts';
import { createChatAnswer } from './openai-chat-answer.ts';
import { chatMessages, chatTools } from './openai-chat-messages.ts';
import { classify, type OpenAiModelOptions, openAiClient } from './openai-client.ts';

/**
 * A model behind OpenAI's Chat Completions, which most other servers speak as well: vLLM, Ollama, Azure, gateways. It uses the
 * official SDK, whose own retries are off.
 */
export function createChatModel(options: OpenAiModelOptions): Model {
  const { apiKey, model, contextTokens, provider, takes = [], idleMs = 90_000, fetch = globalThis.fetch } = options;
  return {
    name: model,
    contextTokens,
    takes,
    call: (request) =>
      oneAttempt({ signal: request.signal, idleMs, fetch, key: apiKey, classify }, async (watched, signal) => {
        const client = openAiClient(options, watched);
        const answer = createChatAnswer(request, provider);
        const stream = await client.chat.completions.create(paramsOf(options, request), { signal });
        for await (const chunk of stream) answer.take(chunk);
        return answer.finish(model);
      }),
  };
}

function paramsOf(
  { baseUrl, model, answerTokens, reasoning, provider }: OpenAiModelOptions,
  { messages, tools, maxTokens, ...prompt }: ModelRequest,
): ChatCompletionCreateParamsStreaming {
  const most = Math.min(maxTokens, answerTokens);
  return {
    model,
    messages: chatMessages(wholePrompt(prompt), messages, provider),
    ...(tools.length > 0 && { tools: chatTools(tools) }),
    // OpenAI's newer models refuse the old name, and other servers do not know the new one.
    ...(isOpenAi(baseUrl) ? { max_completion_tokens: most } : { max_tokens: most }),
    ...(reasoning !== undefined && { reasoning_effort: reasoning }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function isOpenAi(baseUrl: string): boolean {
  return /(?:^|\.)(?:openai\.com|openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/.test(
    new URL(baseUrl).hostname,
  );
}
