import { reasonOf } from '../errors.ts';
import type { Settings } from '../settings.ts';
import type { Finding } from './finding.ts';

const ANSWER_MS = 5_000;

/** Whether Slack takes the tokens: `auth.test` for the bot, `apps.connections.open` for Socket Mode (https://docs.slack.dev). */
export async function checkSlack({ slack }: Settings): Promise<Finding> {
  const finding = { id: 'slack', title: 'Slack' } as const;
  if (!slack)
    return { ...finding, state: 'ok', detail: 'the simulator; SLACK_APP_TOKEN and SLACK_BOT_TOKEN would replace it' };
  const base = (slack.apiUrl ?? 'https://slack.com/api/').replace(/\/?$/, '/');
  const fix = 'see docs/your-own-slack.md; ./bellhop slack manifest prints the app';
  try {
    const bot = await callSlack(`${base}auth.test`, slack.botToken);
    if (!bot.ok) return { ...finding, state: 'missing', detail: `Slack refuses SLACK_BOT_TOKEN: ${bot.error}`, fix };
    const app = await callSlack(`${base}apps.connections.open`, slack.appToken);
    if (!app.ok) return { ...finding, state: 'missing', detail: `Slack refuses SLACK_APP_TOKEN: ${app.error}`, fix };
    return { ...finding, state: 'ok', detail: `${bot.team ?? 'workspace'} as @${bot.user ?? 'bot'}, Socket Mode` };
  } catch (error) {
    return { ...finding, ...unanswered(base, error) };
  }
}

interface SlackAnswer {
  readonly ok: boolean;
  readonly error?: string;
  readonly team?: string;
  readonly user?: string;
}

async function callSlack(url: string, token: string): Promise<SlackAnswer> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, signal: AbortSignal.timeout(ANSWER_MS) });
  return (await response.json()) as SlackAnswer;
}

/** Whether the model's API takes the key; asks for its list of models, which costs nothing. */
export async function checkModel({ model }: Settings): Promise<Finding> {
  const finding = { id: 'model', title: 'Model' } as const;
  if (!model)
    return {
      ...finding,
      state: 'ok',
      detail: 'the demo model, not a language model; ANTHROPIC_API_KEY would replace it',
    };
  const base = model.baseUrl ?? 'https://api.anthropic.com';
  const headers = { 'x-api-key': model.apiKey, 'anthropic-version': '2023-06-01' };
  try {
    const response = await fetch(new URL('/v1/models', base), { headers, signal: AbortSignal.timeout(ANSWER_MS) });
    if (response.ok) return { ...finding, state: 'ok', detail: `${base} takes ANTHROPIC_API_KEY` };
    if (response.status === 401 || response.status === 403) {
      return {
        ...finding,
        state: 'missing',
        detail: `${base} refuses ANTHROPIC_API_KEY (${response.status})`,
        fix: 'set a valid key',
      };
    }
    return { ...finding, state: 'warn', detail: `${base} answers ${response.status} to GET /v1/models` };
  } catch (error) {
    return { ...finding, ...unanswered(base, error) };
  }
}

/** What is found when a service cannot be reached at all. */
function unanswered(base: string, error: unknown) {
  const detail = `${base} does not answer: ${reasonOf(error)}`;
  return { state: 'missing', detail, fix: './bellhop doctor --network' } as const;
}
