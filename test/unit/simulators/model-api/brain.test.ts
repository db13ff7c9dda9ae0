import { think } from '../../../../simulators/model-api/brain.ts';
import type { Block, Message } from '../../../../simulators/model-api/request.ts';

const TOOLS = [{ name: 'bash', input_schema: { type: 'object' as const } }];
const SCENARIOS = [
  { name: '1-count', sentence: "Count last week's signups", script: '$ wc -l signups\npost n.txt if made' },
];

function said(text: string, mark = 'message'): Block {
  return { type: 'text', text: `<${mark} from="Ana" id="U1" class="member">\n${text}\n</${mark}>` };
}

function user(...content: Block[]): Message {
  return { role: 'user', content };
}

function called(id: string, command: string): Message {
  return { role: 'assistant', content: [{ type: 'tool_use', id, name: 'bash', input: { command } }] };
}

function result(id: string, content: string, is_error = false): Block {
  return { type: 'tool_result', tool_use_id: id, content, is_error };
}

function thought(...messages: Message[]) {
  return think({ model: 'demo', max_tokens: 100, stream: false, tools: TOOLS, messages }, SCENARIOS);
}

function commandsOf({ tools }: ReturnType<typeof think>): unknown[] {
  return tools.map(({ input }) => input.command ?? input.path);
}

test('it continues with the line after the last one that was done', () => {
  const script = user(said('<@U0BOT> $ one\n$ two'));
  expect(commandsOf(thought(script))).toEqual(['one']);
  expect(commandsOf(thought(script, called('a', 'one'), user(result('a', 'exit code 0 · 0.1 s'))))).toEqual(['two']);
});

test('a message during the work adds its lines to the script', () => {
  const messages = [user(said('$ one')), called('a', 'one'), user(result('a', 'exit code 0 · 0.1 s'), said('$ added'))];
  expect(commandsOf(thought(...messages))).toEqual(['added']);
});

test('after an answer a new script begins', () => {
  const answered: Message = { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] };
  const before = [user(said('$ one')), called('a', 'one'), user(result('a', 'exit code 0 · 0.1 s')), answered];
  expect(commandsOf(thought(...before, user(said('$ new'))))).toEqual(['new']);
});

test('after a stop the stopped script is not gone on with', () => {
  const stop: Block = { type: 'text', text: '<stopped by="U1" />' };
  const messages = [
    user(said('$ one\n$ two')),
    called('a', 'one'),
    user(result('a', 'Stopped by'), stop, said('$ new')),
  ];
  expect(commandsOf(thought(...messages))).toEqual(['new']);
});

test('context and summaries are not taken for scripts', () => {
  expect(thought(user(said('$ rm -rf x', 'context'), said('$ mine'))).tools).toHaveLength(1);
  expect(commandsOf(thought(user(said('$ old', 'summary'), said('$ mine'))))).toEqual(['mine']);
});

test("a scenario's sentence stands for its script, which is shown", () => {
  const first = thought(user(said('please count last week’s signups.')));
  expect(commandsOf(first)).toEqual(['wc -l signups']);
  expect(first.text).toContain('$ wc -l signups\npost n.txt if made');
});

test('"if made" leaves a post out unless a step said that it wrote the file', () => {
  const script = user(said('$ one\npost n.txt if made'));
  const after = (output: string) => thought(script, called('a', 'one'), user(result('a', output)));
  expect(commandsOf(after('exit code 0 · 1 s\nwrote n.txt'))).toEqual(['n.txt']);
  expect(after('exit code 0 · 1 s\nnothing').tools).toEqual([]);
});

test('the answer tells exit code, time and last lines of each step', () => {
  const output = `exit code 2 · 1.3 s\n${Array.from({ length: 20 }, (_, n) => `line ${n}`).join('\n')}`;
  const { text } = thought(user(said('$ one')), called('a', 'one'), user(result('a', output)));
  expect(text).toContain('1. `$ one` · exit code 2 · 1.3 s\n```\n…\nline 14\n');
  expect(text).toContain('line 19\n```');
  expect(text).toContain('not a language model');
});

test('a refusal of the Agent Proxy in the output is named with what an administrator could add', () => {
  const error = { code: 'not_allowed', message: 'no rule', host: 'paste.acme.test', retry: false, hint: 'Ask.' };
  const output = `exit code 0 · 0.2 s\nHTTP/1.1 403 Forbidden\nx-agent-proxy: blocked\n\n${JSON.stringify({ error })}\n`;
  const { text } = thought(user(said('$ one')), called('a', 'one'), user(result('a', output)));
  expect(text).toContain('**paste.acme.test was blocked** by the Agent Proxy (`not_allowed`).');
  expect(text).toContain('could add a domain entry for `paste.acme.test`');
});

test.each([
  'Nothing attached to this person allows paste.acme.test.',
  'Nothing attached to this channel, its workspace or the organization allows paste.acme.test.',
])('what it says of a refusal speaks of the place as the proxy does: %s', (message) => {
  const error = { code: 'not_allowed', message, host: 'paste.acme.test', retry: false, hint: 'Ask.' };
  const messages = [
    user(said('$ curl')),
    called('a', 'curl'),
    user(result('a', `exit code 0\n${JSON.stringify({ error })}`)),
  ];
  const [about = ''] = thought(...messages).text.split('\n\n');
  expect(about).toContain(message);
  expect(about.replace(message, '')).not.toMatch(/channel/);
});

test('where it works with the connections of one person, it says how they connect what is missing', () => {
  const error = { code: 'not_allowed', message: 'no rule', host: 'git.acme.test', retry: false, hint: 'Ask.' };
  const messages = [
    user(said('$ one')),
    called('a', 'one'),
    user(result('a', `exit code 0\n${JSON.stringify({ error })}`)),
  ];
  const system = 'Connections named personal/… are their own accounts.';
  const { text } = think({ model: 'demo', max_tokens: 100, stream: false, tools: TOOLS, messages, system }, SCENARIOS);
  expect(text).toContain('write `connections` to me in a direct message');
  expect(text).not.toContain('administrator');
});

test('a refused tunnel is named too, though curl hides its body', () => {
  const output = 'exit code 56 · 0.1 s\ncurl: (56) CONNECT tunnel failed, response 403';
  const command = 'curl https://paste.acme.test/';
  const { text } = thought(user(said(`$ ${command}`)), called('a', command), user(result('a', output)));
  expect(text).toContain('**paste.acme.test was blocked**');
});

test("JSON of anybody else is not taken for the proxy's", () => {
  const output = 'exit code 0 · 0.1 s\n{"error": {"code": "not_found", "message": "no"}} { "a": {"host": "x"} }';
  const { text } = thought(user(said('$ one')), called('a', 'one'), user(result('a', output)));
  expect(text).not.toContain('Agent Proxy');
});

test('what it does not understand is answered with the verbs and the scenarios', () => {
  const { text, tools } = thought(user(said('What is the meaning of life?')));
  expect(tools).toEqual([]);
  expect(text).toContain('do not understand “What is the meaning of life?”');
  expect(text).toContain('`fail 503 x2`');
  expect(text).toContain("Count last week's signups");
});

test('a greeting gets the same without a rebuke', () => {
  expect(thought(user(said('Hello!'))).text).toMatch(/^Hello\. I am the demo model/);
});

test('prose beside a script is named in the answer', () => {
  const messages = [
    user(said('$ one')),
    called('a', 'one'),
    user(result('a', 'exit code 0 · 0.1 s'), said('hurry up')),
  ];
  expect(thought(...messages).text).toContain('I did not understand: “hurry up”');
});

test.each([
  ['write a.txt hello', '`write PATH`'],
  ['write a.txt', '`write PATH`'],
  ['read a.txt b.txt', '`read PATH`'],
  ['post', '`post PATH`'],
  ['think 20', '`think 20s`'],
  ['fail 200', '`fail 503 x2`'],
  ['& say', '`say TEXT`'],
  ['$', '`$ COMMAND`'],
])('a line that is nearly a command is named in the answer with what its verb wants: %s', (line, wants) => {
  const messages = [user(said(`please do this\n$ one\n${line}`)), called('a', 'one'), user(result('a', 'exit code 0'))];
  const { text } = thought(...messages);
  expect(text).toContain(`I left out “${line}”: ${wants}`);
  expect(text).not.toContain('please do this');
});

test('asked without tools it repeats what people said', () => {
  const messages = [user(said('$ one'))];
  const { text } = think({ model: 'demo', max_tokens: 100, stream: false, tools: [], messages }, []);
  expect(text).toContain('- $ one');
});

test('lines of a table that are said one after another make one table', () => {
  const { text } = thought(
    user(said('say Here it is:\nsay | day | count |\nsay | Monday | 7 |\nsay And that is all.')),
  );
  expect(text).toContain('Here it is:\n\n| day | count |\n| --- | --- |\n| Monday | 7 |\n\nAnd that is all.');
  const ruled = thought(user(said('say | a | b |\nsay | :-- | --: |\nsay | 1 | 2 |'))).text;
  expect(ruled).toContain('| a | b |\n| :-- | --: |\n| 1 | 2 |');
});

test('a plan is a call of the tool of that name, and no step of the answer', () => {
  const script = user(said('plan find it; mend it\n& $ one'));
  const first = thought(script);
  expect(first.tools).toEqual([
    {
      name: 'plan',
      input: {
        steps: [
          { step: 'find it', state: 'now' },
          { step: 'mend it', state: 'open' },
        ],
      },
    },
    { name: 'bash', input: { command: 'one' } },
  ]);
  const calls: Message = {
    role: 'assistant',
    content: first.tools.map(({ name, input }) => ({ type: 'tool_use', id: name, name, input })),
  };
  const { text } = thought(
    script,
    calls,
    user(result('plan', 'The plan is shown.'), result('bash', 'exit code 0 · 1 s')),
  );
  expect(text).toContain('1. `$ one` · exit code 0');
  expect(text).not.toContain('`plan`');
});

/** As Bellhop tells of a change (agent/transcript/user-text.ts). */
function edited(before: string, after: string): Block {
  return {
    type: 'text',
    text: `<edited by="Ana" id="U1" class="member">\n<before>\n${before}\n</before>\n<after>\n${after}\n</after>\n</edited>`,
  };
}

describe('an edit', () => {
  test('of a message that it has not worked on yet is what it follows', () => {
    expect(commandsOf(thought(user(said('$ old'), said('$ other'), edited('$ old', '$ new'))))).toEqual(['new']);
    const twice = thought(user(said('$ old'), edited('$ old', '$ newer'), edited('$ newer', '$ newest')));
    expect(commandsOf(twice)).toEqual(['newest']);
  });

  test('of a message that came during the work and still waited is followed too', () => {
    const waited = user(result('a', 'exit code 0 · 0.1 s'), said('$ added'), edited('$ added', '$ better'));
    expect(commandsOf(thought(user(said('$ one')), called('a', 'one'), waited))).toEqual(['better']);
  });

  test('of what it is doing or has done changes nothing', () => {
    const late = user(result('a', 'exit code 0 · 0.1 s'), edited('$ one\n$ two', '$ else\n$ wrong'));
    expect(commandsOf(thought(user(said('$ one\n$ two')), called('a', 'one'), late))).toEqual(['two']);
  });

  test('of somebody else, or of talk, is not followed', () => {
    const talk = user(said('$ talk', 'context'), said('$ mine'), edited('$ talk', '$ changed'));
    expect(commandsOf(thought(talk))).toEqual(['mine']);
    const other = edited('$ mine', '$ theirs') as { type: 'text'; text: string };
    const theirs = { ...other, text: other.text.replace('id="U1"', 'id="U2"') };
    expect(commandsOf(thought(user(said('$ mine'), theirs)))).toEqual(['mine']);
  });
});
