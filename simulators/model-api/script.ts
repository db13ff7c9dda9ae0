import { FENCE, fenced } from './fence.ts';
import { type PlanStep, planOf } from './plan-line.ts';

/** The demo model's language: what one line of a message may ask for. */
export type Action =
  | { readonly verb: 'run'; readonly command: string }
  | { readonly verb: 'write'; readonly path: string; readonly text: string }
  | { readonly verb: 'read'; readonly path: string }
  | { readonly verb: 'call'; readonly tool: string; readonly input: Readonly<Record<string, unknown>> }
  | { readonly verb: 'plan'; readonly steps: readonly PlanStep[] }
  | { readonly verb: 'post'; readonly path: string; readonly ifMade: boolean };

/** One model call. Without actions it is the final answer. */
export interface Call {
  readonly say: readonly string[];
  readonly thinkMs: number;
  readonly faults: readonly Fault[];
  readonly actions: readonly Action[];
}

/** Answer `times` attempts of this call with `status`, then go on. */
export interface Fault {
  readonly status: number;
  readonly times: number;
  /** What it asks to wait, in `retry-after`. Absent: what the vendor says by itself. */
  readonly waitSeconds?: number;
}

export interface Script {
  readonly calls: readonly Call[];
  /** Lines that are no line of the language. */
  readonly prose: readonly string[];
}

interface CallDraft {
  say: string[];
  thinkMs: number;
  faults: Fault[];
  actions: Action[];
}

type Line =
  | { readonly kind: 'action'; readonly action: Action; readonly joined: boolean }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'think'; readonly ms: number }
  | { readonly kind: 'fail'; readonly fault: Fault };

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** What each verb needs. It is said to a person whose line is nearly right. */
const WANTS: Readonly<Record<string, string>> = {
  $: '`$ COMMAND` runs one command',
  write: '`write PATH` takes its text from a fence on the lines below',
  read: '`read PATH` takes one path without spaces',
  call: '`call SERVER.TOOL` takes the name of a tool, and perhaps its arguments as JSON',
  start: '`start SERVER` takes the name of an MCP server',
  post: '`post PATH` takes one path without spaces, and perhaps `if made`',
  plan: '`plan STEP; STEP` shows a checklist, then `plan 2` says that its second step is under way, and `plan done` that all are done',
  say: '`say TEXT` needs a text, on the line or in a fence on the lines below',
  think: '`think 20s` takes one time in ms, s or m',
  fail: '`fail 503 x2` takes a status from 400 to 599, and perhaps how often; `fail 529 wait 40s` asks to wait',
};

/** What the verb of a line that was not understood needs. Undefined when the line does not begin with a verb. */
export function wantedBy(line: string): string | undefined {
  const verb = /^(?:&\s*)?(\S+)/.exec(line)?.[1] ?? '';
  return Object.hasOwn(WANTS, verb) ? WANTS[verb] : undefined;
}

/**
 * Reads a script. Every line with an action is one call; `&` before a line joins it to the call before. `say`, `think`
 * and `fail` belong to the call after them. The last call has no action: it is the final answer.
 */
export function parseScript(text: string): Script {
  const lines = text.split(/\r?\n/);
  const calls: CallDraft[] = [];
  const prose: string[] = [];
  let next = draft();
  let steps: readonly PlanStep[] = [];
  for (let at = 0; at < lines.length; at++) {
    const raw = unquote((lines[at] ?? '').trim());
    if (raw === '' || raw.startsWith('#') || raw.startsWith(FENCE)) continue;
    const write = /^(&\s*)?write\s+(\S+)$/.exec(raw);
    if (write?.[2]) {
      const body = fenced(lines, at + 1);
      if (!body) {
        prose.push(raw);
        continue;
      }
      at = body.end;
      const action: Action = { verb: 'write', path: write[2], text: body.text };
      next = place(calls, next, { kind: 'action', action, joined: write[1] !== undefined });
      continue;
    }
    const said = raw === 'say' ? fenced(lines, at + 1) : null;
    if (said) {
      at = said.end;
      next = place(calls, next, { kind: 'say', text: said.text.trimEnd() });
      continue;
    }
    const plan = /^(&\s*)?plan\s+(.+)$/.exec(raw);
    const planned = plan?.[2] ? planOf(plan[2], steps) : null;
    if (planned) {
      steps = planned;
      next = place(calls, next, { kind: 'action', action: { verb: 'plan', steps }, joined: plan?.[1] !== undefined });
      continue;
    }
    const line = parseLine(raw);
    if (line) next = place(calls, next, line);
    else prose.push(raw);
  }
  return { calls: [...calls, next], prose };
}

/** Whether the text holds anything in the language at all. */
export function isEmpty(script: Script): boolean {
  return script.calls.every(
    ({ actions, say, thinkMs, faults }) => !actions.length && !say.length && !thinkMs && !faults.length,
  );
}

function draft(): CallDraft {
  return { say: [], thinkMs: 0, faults: [], actions: [] };
}

/** Adds a line to its call, and returns the call that the next line belongs to. */
function place(calls: CallDraft[], next: CallDraft, line: Line): CallDraft {
  switch (line.kind) {
    case 'say':
      next.say.push(line.text);
      return next;
    case 'think':
      next.thinkMs += line.ms;
      return next;
    case 'fail':
      next.faults.push(line.fault);
      return next;
    case 'action': {
      const last = calls.at(-1);
      if (line.joined && last) {
        last.actions.push(line.action);
        return next;
      }
      next.actions.push(line.action);
      calls.push(next);
      return draft();
    }
  }
}

function parseLine(raw: string): Line | null {
  const joined = raw.startsWith('&');
  const text = joined ? raw.slice(1).trim() : raw;
  const run = /^\$\s*(.+)$/s.exec(text);
  if (run?.[1]) return { kind: 'action', joined, action: { verb: 'run', command: run[1] } };
  const read = /^read\s+(\S+)$/.exec(text);
  if (read?.[1]) return { kind: 'action', joined, action: { verb: 'read', path: read[1] } };
  const post = /^post\s+(\S+)( if made)?$/.exec(text);
  if (post?.[1])
    return { kind: 'action', joined, action: { verb: 'post', path: post[1], ifMade: post[2] !== undefined } };
  const call = /^call\s+([^\s.]+\.\S+|[a-z]+(?:_[a-z]+)+)(?:\s+(\{.*\}))?$/s.exec(text);
  const input = call && jsonOf(call[2] ?? '{}');
  if (call?.[1] && input) return { kind: 'action', joined, action: { verb: 'call', tool: call[1], input } };
  const start = /^start\s+([a-z0-9-]+)$/.exec(text);
  if (start?.[1]) {
    const action = { verb: 'call', tool: 'start_mcp_server', input: { server: start[1] } } as const;
    return { kind: 'action', joined, action };
  }
  const say = /^say\s+(.+)$/.exec(text);
  if (say?.[1]) return { kind: 'say', text: say[1] };
  const think = /^think\s+(\d+(?:\.\d+)?)\s*(ms|s|m)$/.exec(text);
  if (think?.[1] && think[2]) return { kind: 'think', ms: Number(think[1]) * (UNITS[think[2]] ?? 1) };
  const fail = /^fail\s+([45]\d\d)(?:\s+x(\d+))?(?:\s+wait\s+(\d+)s)?$/.exec(text);
  if (fail?.[1]) {
    const fault = { status: Number(fail[1]), times: Number(fail[2] ?? 1) };
    return { kind: 'fail', fault: { ...fault, ...(fail[3] && { waitSeconds: Number(fail[3]) }) } };
  }
  return null;
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** People write commands as `code`. */
function unquote(line: string): string {
  return /^`[^`]+`$/.test(line) ? line.slice(1, -1).trim() : line;
}
