import type { Block, Message } from './request.ts';

/**
 * The rules between messages: each tool call is answered in the very next message, once and before anything else, and only
 * calls are answered. Null when they are kept.
 */
export function conversationFault(messages: readonly Message[]): string | null {
  if (messages[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  if (messages.at(-1)?.role !== 'user') {
    return 'This model does not support assistant message prefill. The conversation must end with a user message.';
  }
  const used = new Set<string>();
  for (const [index, current] of messages.entries()) {
    const fault = misplaced(current, index) ?? unpaired(messages, index);
    if (fault) return fault;
    for (const id of callsOf(current)) {
      if (used.has(id)) return `messages.${index}: \`tool_use\` ids must be unique`;
      used.add(id);
    }
  }
  return null;
}

function unpaired(messages: readonly Message[], index: number): string | null {
  const calls = callsOf(messages[index]);
  const results = resultsOf(messages[index + 1]);
  const open = calls.filter((id) => !results.includes(id));
  if (open.length > 0) {
    return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
  }
  const asked = callsOf(messages[index - 1]);
  const answered = resultsOf(messages[index]);
  const stray = answered.find((id) => !asked.includes(id));
  if (stray !== undefined) {
    return `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
  }
  const twice = answered.find((id, at) => answered.indexOf(id) < at);
  if (twice !== undefined) {
    return `messages.${index}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${twice}`;
  }
  return null;
}

/** What one role may not say, and results that stand behind something else. */
function misplaced({ role, content }: Message, index: number): string | null {
  if (typeof content === 'string') return null;
  for (const [at, { type }] of content.entries()) {
    const own = type === 'tool_use' || type === 'thinking' || type === 'redacted_thinking';
    if (role === 'user' && own)
      return `messages.${index}.content.${at}: \`${type}\` blocks can only be in \`assistant\` messages`;
    if (role === 'assistant' && !own && type !== 'text') {
      return `messages.${index}.content.${at}: \`${type}\` blocks can only be in \`user\` messages`;
    }
    if (type === 'tool_result' && at > 0 && content[at - 1]?.type !== 'tool_result') {
      return `messages.${index}.content.${at}: \`tool_result\` blocks must come before other content`;
    }
  }
  return null;
}

function callsOf(message: Message | undefined): string[] {
  return blocksOf(message).flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
}

function resultsOf(message: Message | undefined): string[] {
  return blocksOf(message).flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
}

function blocksOf(message: Message | undefined): readonly Block[] {
  return !message || typeof message.content === 'string' ? [] : message.content;
}
