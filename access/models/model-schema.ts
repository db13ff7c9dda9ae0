/** The shape of an entry of `models` in `bellhop.yaml`: a language model by a name that people use. */
import { z } from 'zod';
import type { Price } from '../../contracts/cost.ts';
import type { FileModel } from '../access-file.ts';
import { source, toSource } from '../parse-file/credential-schema.ts';
import { fail, name } from '../parse-file/leaf-schemas.ts';
import { entry } from '../parse-file/strict-entry.ts';

const URL_RULE = 'must be a URL up to and with the version, such as https://llm.corp.example/v1';

const baseUrl = z.string().transform((text, context) => {
  const url = /^https?:\/\/[\x21-\x7e]+$/i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (!url) return fail(context, URL_RULE);
  if (url.username || url.password) return fail(context, 'has a password in it: the key belongs to key');
  if (url.search || url.hash) return fail(context, 'has a query or a fragment, and paths are put behind it');
  return url.href.replace(/\/+$/, '');
});

const key = entry(source, 'the key is never written here: name its source by fromEnv, fromFile or fromCommand').refine(
  ({ fromEnv, fromFile, fromCommand }) =>
    [fromEnv, fromFile, fromCommand].filter((each) => each !== undefined).length === 1,
  'needs one of fromEnv, fromFile and fromCommand; a server that asks for no key has no key here',
);

const tokens = (least: number) =>
  z.int().min(least, `must be at least ${least}`).max(10_000_000, 'must be at most 10000000');

const amount = z.number().min(0, 'must not be negative').max(1_000_000, 'must be at most 1000000');
const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

const price = entry(
  {
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be the three capital letters of a currency, such as USD or EUR')
      .refine((code) => CURRENCIES.has(code), 'is no currency that is known: USD, EUR and so on (ISO 4217)'),
    input: amount,
    output: amount,
    'cached-input': amount.optional(),
    'cache-write': amount.optional(),
  },
  'a price has currency, input and output, and perhaps cached-input and cache-write, each per million tokens',
);

export const modelSchema = entry({
  vendor: z.enum(['anthropic', 'openai-compatible']),
  api: z.enum(['chat-completions', 'responses']).optional(),
  'base-url': baseUrl.optional(),
  model: z.string().trim().min(1, 'is empty').max(200, 'is longer than 200 characters'),
  key: key.optional(),
  'context-tokens': tokens(2_000).optional(),
  'answer-tokens': tokens(256).optional(),
  reasoning: z.enum(['low', 'medium', 'high']).optional(),
  takes: z.array(z.enum(['images', 'pdf'], 'must be images or pdf')).optional(),
  for: z.array(z.literal('summaries', 'must be summaries')).max(1, 'has a use twice').default([]),
  fallback: name.optional(),
  price: price.optional(),
}).superRefine((model, context) => {
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  const url = model['base-url'];
  if (model.vendor === 'anthropic') {
    if (model.api !== undefined) refuse('api', 'stands beside anthropic, which has one protocol');
    if (model.reasoning !== undefined) refuse('reasoning', 'stands beside anthropic: it is for openai-compatible');
    if (model.key === undefined) refuse('key', 'is missing: { fromEnv: ANTHROPIC_API_KEY }');
  } else if (url === undefined) {
    refuse('base-url', 'is missing: https://api.openai.com/v1 for OpenAI itself');
  }
  if (url !== undefined && model.key !== undefined && sendsInTheClear(url)) {
    refuse('base-url', 'must be https: a key travels in clear text to this machine only');
  }
});

/** Whether what is sent to a URL can be read on a network. */
function sendsInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol !== 'https:' && !/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** What is known of the vendors' own servers. Behind any other address may be a model that takes text only. */
function takenBy(url: string): readonly ('images' | 'pdf')[] {
  const { hostname } = new URL(url);
  if (hostname === 'api.openai.com') return ['images', 'pdf'];
  return hostname.endsWith('.openai.azure.com') ? ['images'] : [];
}

/** Where a vendor asks no other price of what it keeps, that is input like all other. */
function toPrice({ currency, input, output, ...kept }: z.infer<typeof price>): Price {
  return {
    currency,
    input,
    output,
    cachedInput: kept['cached-input'] ?? input,
    cacheWrite: kept['cache-write'] ?? input,
  };
}

/** The model as its entry says, with the usual value for what it leaves out. Sizes are in tokens. */
export function toModel(
  id: string,
  entry: z.infer<typeof modelSchema>,
  lineOf: (...path: (string | number)[]) => number,
): FileModel {
  const { vendor, model, reasoning, fallback } = entry;
  const isAnthropic = vendor === 'anthropic';
  const contextTokens = entry['context-tokens'] ?? (isAnthropic ? 200_000 : 128_000);
  return {
    name: id,
    vendor,
    api: isAnthropic ? 'messages' : (entry.api ?? 'chat-completions'),
    baseUrl: entry['base-url'] ?? 'https://api.anthropic.com',
    model,
    contextTokens,
    // A small window is not filled by the answer alone.
    answerTokens: entry['answer-tokens'] ?? Math.min(16_000, Math.floor(contextTokens / 4)),
    ...(reasoning !== undefined && { reasoning }),
    takes: entry.takes ?? (isAnthropic ? ['images', 'pdf'] : takenBy(entry['base-url'] ?? '')),
    for: entry.for,
    ...(fallback !== undefined && { fallback }),
    ...(entry.price !== undefined && { price: toPrice(entry.price) }),
    source: entry.key === undefined ? null : toSource(entry.key),
    line: lineOf(),
  };
}
