import type { ContentBlock, Message } from '../message-events.ts';
import { pieces } from '../message-events.ts';
import type { Wire } from '../wire.ts';
import { openAiError } from './errors.ts';
import { readResponsesRequest } from './responses-request.ts';

/** https://platform.openai.com/docs/api-reference/responses */
export const RESPONSES: Wire = {
  name: 'responses',
  path: '/v1/responses',
  read: readResponsesRequest,
  whole: (message) => responseOf(message, 'completed'),
  *events(message) {
    let number = 0;
    const event = (type: string, fields: object) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number++, ...fields })}\n\n`;
    const begun = responseOf({ ...message, content: [] }, 'in_progress');
    yield event('response.created', { response: begun });
    yield event('response.in_progress', { response: begun });
    for (const [index, block] of message.content.entries()) {
      const at = { output_index: index, item_id: idOf(message, index, block) };
      const done = itemOf(message, block, index, 'completed');
      yield event('response.output_item.added', { output_index: index, item: emptied(done) });
      if (block.type === 'text') {
        const part = { type: 'output_text', text: '', annotations: [] };
        yield event('response.content_part.added', { ...at, content_index: 0, part });
        for (const delta of pieces(block.text))
          yield event('response.output_text.delta', { ...at, content_index: 0, delta });
        yield event('response.output_text.done', { ...at, content_index: 0, text: block.text });
        yield event('response.content_part.done', { ...at, content_index: 0, part: { ...part, text: block.text } });
      } else {
        const json = JSON.stringify(block.input);
        for (const delta of pieces(json)) yield event('response.function_call_arguments.delta', { ...at, delta });
        yield event('response.function_call_arguments.done', { ...at, arguments: json });
      }
      yield event('response.output_item.done', { output_index: index, item: done });
    }
    yield event('response.completed', { response: responseOf(message, 'completed') });
  },
  waiting: ': waiting\n\n',
  error: openAiError,
};

type Item = Readonly<Record<string, unknown>>;

function responseOf(message: Message, status: 'in_progress' | 'completed'): object {
  const { id, model, content, usage } = message;
  return {
    ...{ id: `resp_${id}`, object: 'response', created_at: Math.floor(Date.now() / 1000), status, model },
    ...{ error: null, incomplete_details: null },
    output: content.map((block, index) => itemOf(message, block, index, 'completed')),
    usage: status === 'completed' ? { ...usage, total_tokens: usage.input_tokens + usage.output_tokens } : null,
  };
}

function itemOf(message: Message, block: ContentBlock, index: number, status: string): Item {
  const id = idOf(message, index, block);
  return block.type === 'text'
    ? {
        type: 'message',
        id,
        status,
        role: 'assistant',
        content: [{ type: 'output_text', text: block.text, annotations: [] }],
      }
    : {
        type: 'function_call',
        id,
        status,
        call_id: block.id,
        name: block.name,
        arguments: JSON.stringify(block.input),
      };
}

function emptied(item: Item): Item {
  const begun = { ...item, status: 'in_progress' };
  return item.type === 'message' ? { ...begun, content: [] } : { ...begun, arguments: '' };
}

function idOf({ id }: Message, index: number, { type }: ContentBlock): string {
  return `${type === 'text' ? 'msg' : 'fc'}_${id}_${index}`;
}
