import type { ContentBlock, Message } from '../message-events.ts';
import { pieces } from '../message-events.ts';
import type { Wire } from '../wire.ts';
import { readChatRequest } from './chat-request.ts';
import { openAiError } from './errors.ts';

/** https://platform.openai.com/docs/api-reference/chat */
export const CHAT_COMPLETIONS: Wire = {
  name: 'chat-completions',
  path: '/v1/chat/completions',
  read: readChatRequest,
  whole: (message) => ({
    ...headOf(message, 'chat.completion'),
    choices: [{ index: 0, message: wholeMessage(message), finish_reason: finishOf(message), logprobs: null }],
    usage: usageOf(message),
  }),
  *events(message, asked) {
    const head = headOf(message, 'chat.completion.chunk');
    const chunk = (delta: object, finish: string | null = null) =>
      line({ ...head, choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }] });
    yield chunk({ role: 'assistant', content: '' });
    for (const delta of deltas(message.content)) yield chunk(delta);
    yield chunk({}, finishOf(message));
    const { stream_options: options } = asked as { stream_options?: { include_usage?: boolean } };
    if (options?.include_usage) yield line({ ...head, choices: [], usage: usageOf(message) });
    yield 'data: [DONE]\n\n';
  },
  waiting: ': waiting\n\n',
  error: openAiError,
};

function line(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function headOf({ id, model }: Message, object: string) {
  return { id: `chatcmpl-${id}`, object, created: Math.floor(Date.now() / 1000), model };
}

function wholeMessage({ content }: Message): object {
  const calls = content.flatMap((block) => (block.type === 'tool_use' ? [callOf(block)] : []));
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  return {
    ...{ role: 'assistant', content: text === '' ? null : text, refusal: null },
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function callOf({ id, name, input }: Extract<ContentBlock, { type: 'tool_use' }>) {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

function* deltas(content: readonly ContentBlock[]): Generator<object> {
  let index = 0;
  for (const block of content) {
    if (block.type === 'text') {
      for (const piece of pieces(block.text)) yield { content: piece };
      continue;
    }
    yield {
      tool_calls: [{ ...callOf({ ...block, input: {} }), index, function: { name: block.name, arguments: '' } }],
    };
    for (const piece of pieces(JSON.stringify(block.input))) {
      yield { tool_calls: [{ index, function: { arguments: piece } }] };
    }
    index += 1;
  }
}

function finishOf({ stop_reason: reason }: Message): string {
  return reason === 'tool_use' ? 'tool_calls' : 'stop';
}

function usageOf({ usage: { input_tokens: prompt, output_tokens: completion } }: Message): object {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}
