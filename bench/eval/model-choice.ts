import { parseArgs } from 'node:util';

/** The model that is evaluated. */
export interface ModelChoice {
  readonly vendor: 'anthropic' | 'openai-compatible';
  readonly api: 'chat-completions' | 'responses' | null;
  readonly model: string;
  /** Null: Anthropic's own. */
  readonly baseUrl: string | null;
  /** Null: the server asks for none. */
  readonly key: string | null;
}

export interface EvalArguments {
  readonly help: boolean;
  /** Empty: all. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly json: string | null;
  readonly choice: () => ModelChoice;
}

const OPENAI = 'https://api.openai.com/v1';

export const USAGE = `npm run eval -- --model NAME [options]

  --model NAME      the vendor's name of the model: claude-sonnet-5, gpt-5
  --base-url URL    an OpenAI-compatible server, up to and with the version: http://127.0.0.1:11434/v1
  --responses       OpenAI's Responses API instead of Chat Completions
  --key-env NAME    the variable that holds the key (default: ANTHROPIC_API_KEY for claude-…, else OPENAI_API_KEY)
  --only TASK       play only this task; may be given several times
  --rounds N        play each task N times (default: 1)
  --json FILE       where the scores go (default: a new file in bench/results)
  --help            this, and the tasks

The key is read from the environment. A server at --base-url may need none.
`;

/** @throws Error with words for people */
export function readEvalArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  tasks: readonly string[],
): EvalArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: 'string' },
      'base-url': { type: 'string' },
      responses: { type: 'boolean', default: false },
      'key-env': { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '1' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.find((name) => !tasks.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there is ${tasks.join(', ')}`);
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error('--rounds: a whole number from 1');
  return {
    ...{ help: values.help, only: values.only, rounds, json: values.json ?? null },
    choice: () => choiceOf(values, environment),
  };
}

function choiceOf(
  values: {
    readonly model?: string | undefined;
    readonly 'base-url'?: string | undefined;
    readonly responses: boolean;
    readonly 'key-env'?: string | undefined;
  },
  environment: Readonly<Record<string, string | undefined>>,
): ModelChoice {
  const { model, 'base-url': baseUrl, responses } = values;
  if (!model) throw new Error('--model is missing: npm run eval -- --model claude-sonnet-5 (--help shows more)');
  const isAnthropic = baseUrl === undefined && model.startsWith('claude');
  if (isAnthropic && responses) throw new Error('--responses is an API of OpenAI, and claude-… has another one');
  if (baseUrl !== undefined && !URL.canParse(baseUrl)) throw new Error(`--base-url: ${baseUrl} is no URL`);
  const variable = values['key-env'] ?? (isAnthropic ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY');
  const key = environment[variable] || null;
  if (key === null && (baseUrl === undefined || values['key-env'] !== undefined)) {
    throw new Error(`no key for ${model}: set ${variable}, or name another variable by --key-env`);
  }
  return isAnthropic
    ? { vendor: 'anthropic', api: null, model, baseUrl: null, key }
    : {
        ...{ vendor: 'openai-compatible', model, baseUrl: baseUrl ?? OPENAI, key },
        api: responses ? 'responses' : 'chat-completions',
      };
}
