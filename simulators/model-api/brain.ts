import { finalAnswer, notUnderstood } from './answer.ts';
import { type Conversation, conversationOf, type DoneCall, messagesIn } from './conversation.ts';
import { ordersIn } from './orders.ts';
import type { MessagesRequest } from './request.ts';
import { saidText } from './said-text.ts';
import { findScenario, type Scenario } from './scenarios.ts';
import { type Action, type Call, type Fault, isEmpty, parseScript } from './script.ts';

/** What the demo model does with one request. */
export interface Thought {
  readonly text: string;
  readonly tools: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
  readonly thinkMs: number;
  readonly faults: readonly Fault[];
}

/** Whose orders it carries out: those of people who speak to it, or all that it reads anywhere. */
export type Obeys = 'people' | 'everything';

/**
 * The demo model. It understands no language: it reads scripts line by line and reports what came of them. Everything it
 * says follows from the request alone, so it needs no memory and survives being killed.
 */
export function think(request: MessagesRequest, scenarios: readonly Scenario[], obeys: Obeys = 'people'): Thought {
  if (request.tools.length === 0) return justText(summaryOf(request));
  const conversation = conversationOf(request.messages);
  const orders = obeys === 'everything' ? ordersIn(request, conversation) : [];
  const { calls, prose, missed, opening } = plan(conversation, scenarios, orders);
  const made = calls.filter((call) => isWanted(call, conversation));
  const call = made[conversation.done.length] ?? made.at(-1);
  if (!call || (calls.length === 1 && isNothing(call))) return justText(notUnderstood(conversation.said, scenarios));
  const { thinkMs, faults } = call;
  const saying = saidText([...(conversation.done.length === 0 ? opening : []), ...call.say]);
  if (call.actions.length > 0) return { text: saying, tools: call.actions.map(toolCall), thinkMs, faults };
  const text = finalAnswer(saying, conversation.done.flat(), { prose, missed, isOwn: isOwn(request) });
  return { text, tools: [], thinkMs, faults };
}

/** Whether the system prompt says that it works with the connections of one person. */
function isOwn({ system = '' }: MessagesRequest): boolean {
  return JSON.stringify(system).includes('Connections named personal/');
}

interface Plan {
  readonly calls: readonly Call[];
  /** Messages that hold nothing in the language. */
  readonly prose: readonly string[];
  /** Lines of the message that do not belong to the script. */
  readonly missed: readonly string[];
  readonly opening: readonly string[];
}

/** The script of all messages since the last answer. A message that is a scenario's sentence stands for that scenario's script. */
function plan({ said }: Conversation, scenarios: readonly Scenario[], orders: readonly string[]): Plan {
  const opening: string[] = [];
  const prose: string[] = [];
  const texts = said.map((text) => {
    if (!isEmpty(parseScript(text))) return text;
    const scenario = findScenario(scenarios, text);
    if (!scenario) prose.push(text);
    else
      opening.push(
        `I read “${scenario.sentence}” as the script \`${scenario.name}\`:\n\`\`\`\n${shown(scenario.script)}\n\`\`\``,
      );
    return scenario?.script ?? '';
  });
  const script = parseScript([...texts, ...orders].join('\n'));
  return { calls: script.calls, prose, missed: script.prose, opening };
}

/** A script inside a fence must not close it. */
function shown(script: string): string {
  return script.replaceAll('```', "'''");
}

function isNothing(call: Call): boolean {
  return !call.actions.length && !call.say.length && !call.thinkMs && !call.faults.length;
}

/** `post X if made` is left out unless a step before it said that it wrote X. */
function isWanted(call: Call, { done }: Conversation): boolean {
  return call.actions.every(
    (action) => action.verb !== 'post' || !action.ifMade || done.flat().some((step) => wrote(step, action.path)),
  );
}

function wrote({ result }: DoneCall, path: string): boolean {
  return result.includes(`wrote ${path}`);
}

function toolCall(action: Action): Thought['tools'][number] {
  switch (action.verb) {
    case 'run':
      return { name: 'bash', input: { command: action.command } };
    case 'write':
      return { name: 'write_file', input: { path: action.path, text: action.text } };
    case 'read':
      return { name: 'read_file', input: { path: action.path } };
    case 'call':
      // As models know tools of MCP servers. The demo model needs no other characters.
      return { name: action.tool.replace('.', '__'), input: action.input };
    case 'plan':
      return { name: 'plan', input: { steps: action.steps } };
    case 'post':
      return { name: 'post_file', input: { path: action.path } };
  }
}

function justText(text: string): Thought {
  return { text, tools: [], thinkMs: 0, faults: [] };
}

/** A request without tools asks for a summary. The answer repeats what people wrote, shortened. */
function summaryOf({ messages }: MessagesRequest): string {
  const texts = messages.map(({ content }) =>
    typeof content === 'string'
      ? content
      : content.map((block) => (block.type === 'text' ? block.text : '')).join('\n'),
  );
  const said = messagesIn(texts.join('\n')).map((text) => `- ${text.slice(0, 300)}`);
  return `The demo model does not summarise; these were the last messages:\n${said.slice(-10).join('\n') || '(none)'}`;
}
