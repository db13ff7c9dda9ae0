import type { DoneCall } from './conversation.ts';
import { type Refusal, refusalsIn } from './refusals.ts';
import type { Scenario } from './scenarios.ts';
import { wantedBy } from './script.ts';

const LINES = 6;
const CHARS = 500;
/** With more steps than this, their last lines are left out where nothing went wrong. */
const DETAILED_STEPS = 8;

const SIGNATURE = '_Demo model: I follow a script, I am not a language model._';

/** What was said and not done. */
export interface NotDone {
  /** Messages that hold nothing in the language. */
  readonly prose: readonly string[];
  /** Lines of the message that do not belong to the script. The answer names those that are nearly a command. */
  readonly missed: readonly string[];
}

/** Whether it works with the connections of one person. */
export interface Place {
  readonly isOwn: boolean;
}

/** The answer after a script: what really came of each step, and what of it was not understood. */
export function finalAnswer(
  saying: string,
  steps: readonly DoneCall[],
  { prose, missed, isOwn }: NotDone & Place,
): string {
  const refusals = refusalsIn(steps);
  // People have seen the checklist itself.
  const told = steps.filter(({ tool, isError }) => tool !== 'plan' || isError);
  return [
    saying,
    ...refusals.map((each) => refusalText(each, isOwn)),
    ...told.map((step, index) => stepText(step, index + 1, told.length <= DETAILED_STEPS)),
    ...missed.flatMap((line) => leftOut(line) ?? []),
    ...(prose.length > 0 ? [`I did not understand: ${prose.map((text) => `“${text.slice(0, 200)}”`).join(', ')}`] : []),
    SIGNATURE,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function leftOut(line: string): string | null {
  const wants = wantedBy(line);
  return wants === undefined ? null : `I left out “${line.slice(0, 200)}”: ${wants}.`;
}

/** Decisions of the access file, as opposed to failures on the way. */
const ADDABLE: ReadonlySet<string> = new Set([
  'not_allowed',
  'method_not_allowed',
  'path_not_allowed',
  'port_not_allowed',
  'blocked',
]);
const BLOCKED = /not_allowed|blocked|guardrail|denied|disabled|mismatch|credential/;

/** Names the host and, where that is for an administrator to decide, what could be added. */
function refusalText({ host, code, message, hint }: Refusal, isOwn: boolean): string {
  const missing = isOwn
    ? 'What you have not connected is not reached here: write `connections` to me in a direct message.'
    : `An administrator could add a domain entry for \`${host}\` to a bundle attached here, or a connection if it needs a credential.`;
  const advice = ADDABLE.has(code) ? missing : hint;
  return `**${host} was ${BLOCKED.test(code) ? 'blocked' : 'not reached'}** by the Agent Proxy (\`${code}\`). ${message} ${advice}`
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}

/** Lists what the demo model can do. The answer to a message that it does not understand. */
export function notUnderstood(said: readonly string[], scenarios: readonly Scenario[]): string {
  const text = said.join(' ').trim();
  return [
    text === '' || /^(hi|hey|hello|help|good (morning|evening)|moin|hallo)\b/i.test(text)
      ? 'Hello. I am the demo model: I follow scripts, I am not a language model.'
      : `I am the demo model: I follow scripts and do not understand “${text.slice(0, 200)}”.`,
    [
      'Each line is one model call with one tool call; `&` before a line joins it to the same call:',
      '- `$ COMMAND` runs it in the sandbox',
      '- `write PATH` writes the fenced text below it, `read PATH` reads a file',
      '- `call SERVER.TOOL {…}` calls a tool of an MCP server',
      '- `post PATH` posts a file into this thread',
      '- `plan STEP; STEP` shows a checklist; `plan 2` says that the second step is under way, `plan done` that all are done',
      '- `say TEXT` says something; lines of `say | a | b |` make one table; `say` alone says the fenced text below it',
      '- `think 20s` takes its time',
      '- `fail 503 x2` fails the next call twice; the attempts show in Temporal UI',
    ].join('\n'),
    ...(scenarios.length > 0
      ? [['Or say one of these, as the buttons do:', ...sentencesOf(scenarios)].join('\n')]
      : []),
    'With a model key in `ANTHROPIC_API_KEY`, a real model takes my place.',
  ].join('\n\n');
}

function sentencesOf(scenarios: readonly Scenario[]): string[] {
  return scenarios.map(({ sentence, name }) => `- ${sentence} (\`${name}\`)`);
}

function stepText(step: DoneCall, number: number, detailed: boolean): string {
  const [head = '', ...rest] = step.result.split('\n');
  const isCommand = step.tool === 'bash';
  const failed = step.isError || (isCommand && !/exit code 0\b/.test(head));
  const outcome = isCommand && /exit code|outcome unknown/.test(head) ? head : step.isError ? 'failed' : 'done';
  const title = `${number}. \`${titleOf(step)}\` · ${outcome}`;
  const output = lastLines(isCommand && outcome === head ? rest.join('\n') : step.result);
  if (output === '' || output === '(no output)' || (!detailed && !failed)) return title;
  // Confirmations such as "Wrote 120 bytes to x" say no more than the title.
  const isServers = step.tool.includes('__');
  if (!isCommand && !isServers && !step.isError && step.tool !== 'read_file') return title;
  return `${title}\n\`\`\`\n${output.replaceAll('```', "'''")}\n\`\`\``;
}

function titleOf({ tool, input }: DoneCall): string {
  const what = String(input.command ?? input.path ?? '')
    .replace(/\s+/g, ' ')
    .replaceAll('`', "'");
  const verb =
    tool === 'bash' ? '$' : tool.includes('__') ? `call ${tool.replace('__', '.')}` : tool.replace('_file', '');
  const title = `${verb} ${what}`.trim();
  return title.length > 120 ? `${title.slice(0, 119)}…` : title;
}

function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n');
  const kept = lines.slice(-LINES).map((line) => (line.length > 200 ? `${line.slice(0, 199)}…` : line));
  const joined = kept.join('\n').slice(-CHARS);
  return lines.length > LINES ? `…\n${joined}` : joined;
}
