import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { AnswerBlock, StopReason } from '../../contracts/conversation.ts';
import { ModelError } from '../errors.ts';
import { estimateRequest, estimateTokens } from '../tokens.ts';
import type { ModelAnswer, ModelRequest } from './model.ts';
import type { ChatExtras } from './openai-chat-messages.ts';
import { LONGEST_ANSWER, usageOf } from './openai-client.ts';
import { argumentsOf, assertFewCalls, callId } from './tool-calls.ts';

/** Puts an answer together from the pieces of its stream. */
export interface ChatAnswer {
  take(chunk: ChatCompletionChunk): void;
  /** @throws ModelError for a stream that has ended before its answer did */
  finish(model: string): ModelAnswer;
}

/** Fields of a message by which servers give their reasoning. None of them is OpenAI's own. */
const REASONING = ['reasoning_content', 'reasoning', 'reasoning_details'] as const;

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  stop: 'end',
  tool_calls: 'tools',
  function_call: 'tools',
  length: 'length',
  content_filter: 'refused',
};

interface Call {
  id: string | undefined;
  name: string;
  json: string;
  extra: unknown;
}

type Delta = ChatCompletionChunk.Choice.Delta;

/** @param request for an estimate of what it cost, when the server does not say */
export function createChatAnswer(request: ModelRequest, provider: string): ChatAnswer {
  const calls = new Map<number, Call>();
  const fields: Record<string, unknown> = {};
  let text = '';
  let refusal = '';
  let finish: string | null = null;
  let usage: ChatCompletionChunk['usage'] = null;
  let named: string | undefined;
  let length = 0;

  function count(piece: string): string {
    length += piece.length;
    if (length > LONGEST_ANSWER) throw new ModelError('ModelUnavailable', "the model's answer has no end");
    return piece;
  }

  function takeReasoning(delta: Delta): void {
    const given = delta as unknown as Readonly<Record<string, unknown>>;
    for (const name of REASONING) {
      const piece = given[name];
      if (typeof piece === 'string') fields[name] = `${fields[name] ?? ''}${count(piece)}`;
      else if (Array.isArray(piece)) {
        count(JSON.stringify(piece));
        const known = fields[name];
        if (Array.isArray(known)) known.push(...(piece as unknown[]));
        else fields[name] = [...(piece as unknown[])];
      }
    }
  }

  function takeCalls(delta: Delta): void {
    for (const piece of delta.tool_calls ?? []) {
      // Some servers number nothing, and give each call whole.
      const at = piece.index ?? calls.size;
      const call = calls.get(at) ?? { id: undefined, name: '', json: '', extra: undefined };
      if (call.id === undefined && piece.id) call.id = count(piece.id);
      // Some servers repeat the name with every piece.
      if (piece.function?.name && call.name !== piece.function.name) call.name += count(piece.function.name);
      call.json += count(piece.function?.arguments ?? '');
      const { extra_content: extra } = piece as unknown as { readonly extra_content?: unknown };
      if (call.extra === undefined && extra !== undefined) {
        count(JSON.stringify(extra));
        call.extra = extra;
      }
      calls.set(at, call);
      assertFewCalls(calls.size);
    }
  }

  return {
    take(chunk) {
      named ??= chunk.model || undefined;
      usage = chunk.usage ?? usage;
      const choice = chunk.choices?.[0];
      if (!choice) return;
      finish = choice.finish_reason ?? finish;
      const delta = choice.delta as Delta | undefined;
      if (!delta) return;
      takeReasoning(delta);
      takeCalls(delta);
      refusal += count(delta.refusal ?? '');
      if (!delta.content) return;
      text += count(delta.content);
      request.onText?.(delta.content);
    },
    finish(model) {
      if (finish === null) throw new ModelError('ModelUnavailable', "the model's stream ended before its answer did");
      const uses = [...calls.values()].map((call) => ({ ...call, id: callId(call.id) }));
      const said = text || refusal;
      const content: AnswerBlock[] = [
        ...extrasBlock(fields, uses, provider),
        ...(said.trim() === '' ? [] : [{ type: 'text' as const, text: said }]),
        ...uses.map(({ id, name, json }) => ({ type: 'tool_use' as const, id, name, input: argumentsOf(json) })),
      ];
      return {
        content,
        stopReason: refusal !== '' && text === '' ? 'refused' : (STOP_REASONS[finish] ?? 'end'),
        usage: usageOf(
          {
            input: usage?.prompt_tokens,
            output: usage?.completion_tokens,
            cached: usage?.prompt_tokens_details?.cached_tokens,
          },
          () => ({
            inputTokens: estimateRequest(request.system, request.messages),
            outputTokens: estimateTokens(JSON.stringify(content)),
          }),
        ),
        model: named ?? model,
      };
    },
  };
}

function extrasBlock(
  fields: ChatExtras['fields'],
  calls: readonly { readonly id: string; readonly extra: unknown }[],
  provider: string,
): AnswerBlock[] {
  const extra = calls.filter((call) => call.extra !== undefined).map((call) => [call.id, call.extra] as const);
  if (Object.keys(fields).length === 0 && extra.length === 0) return [];
  const block: ChatExtras = { fields, calls: Object.fromEntries(extra) };
  return [{ type: 'provider', provider, block }];
}
