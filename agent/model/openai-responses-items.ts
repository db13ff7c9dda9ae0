import type {
  FunctionTool,
  Response,
  ResponseInputContent,
  ResponseInputItem,
  ResponseOutputItem,
} from 'openai/resources/responses/responses';
import type { AnswerBlock, StopReason } from '../../contracts/conversation.ts';
import { ModelError } from '../errors.ts';
import { estimateRequest, estimateTokens } from '../tokens.ts';
import { failureOfCode } from './classify-openai.ts';
import type { ModelAnswer, ModelMessage, ModelRequest, PictureBlock, ToolSpec, UserBlock } from './model.ts';
import { type OpenAiModelOptions, usageOf } from './openai-client.ts';
import { dataUrl, fileName, partsBehindResults } from './openai-pictures.ts';
import { argumentsOf, assertFewCalls, callId, objectOf } from './tool-calls.ts';

/** Converts our messages. Blocks of other providers are left out, and nothing empty is sent. */
export function inputItems(messages: readonly ModelMessage[], provider: string): ResponseInputItem[] {
  return messages.flatMap((message) =>
    message.role === 'user'
      ? userItems(message.content)
      : message.content.flatMap((block) => answerItem(block, provider)),
  );
}

/** Converts tools. The API wants `type: object` beside the schema of the input. */
export function responseTools(tools: readonly ToolSpec[]): FunctionTool[] {
  return tools.map(({ name, description, schema }) => ({
    type: 'function',
    name,
    description,
    parameters: { ...schema, type: 'object' },
    strict: false,
  }));
}

function userItems(blocks: readonly UserBlock[]): ResponseInputItem[] {
  const results = blocks.flatMap((block): ResponseInputItem[] => {
    if (block.type !== 'tool_result') return [];
    const output = block.isError ? `This call failed. ${block.text}` : block.text;
    return [{ type: 'function_call_output', call_id: block.id, output }];
  });
  const parts = partsBehindResults(blocks).map((part): ResponseInputItem => {
    const content = part.type === 'text' ? part.text : [pictureContent(part)];
    return { type: 'message', role: 'user', content };
  });
  return [...results, ...parts];
}

function pictureContent(picture: PictureBlock): ResponseInputContent {
  return picture.mediaType === 'application/pdf'
    ? { type: 'input_file', filename: fileName(picture), file_data: dataUrl(picture) }
    : { type: 'input_image', image_url: dataUrl(picture), detail: 'auto' };
}

function answerItem(block: AnswerBlock, provider: string): ResponseInputItem[] {
  switch (block.type) {
    case 'text':
      return block.text.trim() === '' ? [] : [{ type: 'message', role: 'assistant', content: block.text }];
    case 'tool_use':
      return [
        {
          type: 'function_call',
          call_id: block.id,
          name: block.name,
          arguments: JSON.stringify(objectOf(block.input)),
        },
      ];
    case 'provider':
      return block.provider === provider ? [block.block as ResponseInputItem] : [];
  }
}

/** The answer of a response that is over, cut or not. */
export function answerOf(
  response: Response,
  request: ModelRequest,
  { provider, model }: Pick<OpenAiModelOptions, 'provider' | 'model'>,
): ModelAnswer {
  const output = response.output ?? [];
  assertFewCalls(output.filter(({ type }) => type === 'function_call').length);
  const content = output.flatMap((item) => blocksOf(item, provider));
  return {
    content,
    stopReason: stopReasonOf(response, output),
    usage: usageOf(
      {
        input: response.usage?.input_tokens,
        output: response.usage?.output_tokens,
        cached: response.usage?.input_tokens_details?.cached_tokens,
      },
      () => ({
        inputTokens: estimateRequest(request.system, request.messages),
        outputTokens: estimateTokens(JSON.stringify(content)),
      }),
    ),
    model: response.model || model,
  };
}

function stopReasonOf(
  { status, incomplete_details: why }: Response,
  output: readonly ResponseOutputItem[],
): StopReason {
  const declines = output.some(
    (item) => item.type === 'message' && item.content.some(({ type }) => type === 'refusal'),
  );
  if (declines || why?.reason === 'content_filter') return 'refused';
  if (status === 'incomplete') return 'length';
  return output.some(({ type }) => type === 'function_call') ? 'tools' : 'end';
}

function blocksOf(item: ResponseOutputItem, provider: string): AnswerBlock[] {
  switch (item.type) {
    case 'message': {
      const text = item.content.map((part) => (part.type === 'output_text' ? part.text : part.refusal)).join('');
      return text.trim() === '' ? [] : [{ type: 'text', text }];
    }
    case 'function_call':
      return [
        { type: 'tool_use', id: callId(item.call_id), name: item.name, input: argumentsOf(item.arguments ?? '') },
      ];
    case 'reasoning':
      // Without its sealed content it could only be found at the vendor, where nothing is stored.
      return item.encrypted_content ? [{ type: 'provider', provider, block: withoutStatus(item) }] : [];
    default:
      return [];
  }
}

/** The API gives a status, and does not take one. */
function withoutStatus({ status: _, ...item }: Extract<ResponseOutputItem, { type: 'reasoning' }>): unknown {
  return item;
}

/** The error in a stream, which has a code and no status. */
export function failureOf(error: { readonly code: string | null; readonly message: string } | null): ModelError {
  const code = error?.code ?? '';
  const words = `no status ${code} ${error?.message ?? 'the model failed without a reason'}`;
  return new ModelError(failureOfCode(code), words, { tooLong: code === 'context_length_exceeded' });
}
