import { blockProblems } from '../api/block-checks.ts';

/** Slack's limits on views (docs.slack.dev/reference/views), as far as the simulator knows them. */
type Fields = Readonly<Record<string, unknown>>;

const MODAL_KEYS = [
  'type',
  'title',
  'blocks',
  'close',
  'submit',
  'private_metadata',
  'callback_id',
  'clear_on_close',
  'notify_on_close',
  'external_id',
  'submit_disabled',
];
const HOME_KEYS = ['type', 'blocks', 'private_metadata', 'callback_id', 'external_id'];
const MOST_BLOCKS = 100;
const MOST_METADATA = 3_000;
const MOST_ID = 255;

/** Problems of a view, each with the place it is at; empty when Slack would take it. */
export function viewProblems(value: unknown, type: 'modal' | 'home'): string[] {
  const view = fields(value);
  if (view.type !== type) return [`must be one of: ${type} [json-pointer:/view/type]`];
  const known = type === 'modal' ? MODAL_KEYS : HOME_KEYS;
  const blocks = Array.isArray(view.blocks) ? view.blocks.map(fields) : [];
  const inputs = blocks.filter((block) => block.type === 'input');
  return [
    ...Object.keys(view)
      .filter((key) => !known.includes(key))
      .map((key) => `additional property: ${key} [json-pointer:/view]`),
    ...(type === 'modal' ? textProblems(view.title, 24, '/view/title') : []),
    ...(['close', 'submit'] as const).flatMap((name) =>
      view[name] === undefined ? [] : textProblems(view[name], 24, `/view/${name}`),
    ),
    ...(type === 'modal' && inputs.length > 0 && view.submit === undefined
      ? ['missing required field: submit [json-pointer:/view]']
      : []),
    ...lengthProblems(view.private_metadata, MOST_METADATA, '/view/private_metadata'),
    ...lengthProblems(view.callback_id, MOST_ID, '/view/callback_id'),
    ...(blocks.length > MOST_BLOCKS ? [`no more than ${MOST_BLOCKS} items allowed [json-pointer:/view/blocks]`] : []),
    // A message takes 50 blocks, a view 100.
    ...chunks(view.blocks).flatMap((part) => blockProblems(part)),
    ...inputs.flatMap(inputProblems),
  ];
}

function inputProblems(block: Fields): string[] {
  const at = '/view/blocks/input';
  const element = fields(block.element);
  const problems = textProblems(block.label, 2_000, `${at}/label`);
  if (block.hint !== undefined) problems.push(...textProblems(block.hint, 2_000, `${at}/hint`));
  if (element.type === 'static_select') return [...problems, ...optionProblems(element.options, `${at}/element`)];
  if (element.type !== 'plain_text_input') {
    return [...problems, `unsupported type: ${String(element.type)} [json-pointer:${at}/element]`];
  }
  if (element.placeholder !== undefined) {
    problems.push(...textProblems(element.placeholder, 150, `${at}/element/placeholder`));
  }
  for (const name of ['min_length', 'max_length'] as const) {
    const limit = element[name];
    if (limit !== undefined && !(Number.isInteger(limit) && Number(limit) >= 0 && Number(limit) <= 3_000)) {
      problems.push(`must be less than 3001 [json-pointer:${at}/element/${name}]`);
    }
  }
  return problems;
}

function optionProblems(value: unknown, at: string): string[] {
  const options = Array.isArray(value) ? value.map(fields) : [];
  if (options.length === 0 || options.length > 100) return [`must have 1 to 100 items [json-pointer:${at}/options]`];
  return options.flatMap((option) => [
    ...textProblems(option.text, 75, `${at}/options/text`),
    ...lengthProblems(option.value ?? null, 150, `${at}/options/value`),
  ]);
}

function textProblems(value: unknown, most: number, path: string): string[] {
  const text = fields(value);
  if (text.type !== 'plain_text') return [`must be a plain_text object [json-pointer:${path}]`];
  if (typeof text.text !== 'string' || text.text === '')
    return [`must be more than 0 characters [json-pointer:${path}]`];
  return lengthProblems(text.text, most, path);
}

function lengthProblems(value: unknown, most: number, path: string): string[] {
  if (value === undefined || (typeof value === 'string' && value.length <= most)) return [];
  return [`must be less than ${most + 1} characters [json-pointer:${path}]`];
}

function chunks(value: unknown): unknown[] {
  if (!Array.isArray(value) || value.length <= 50) return [value];
  return [value.slice(0, 50), value.slice(50, MOST_BLOCKS)];
}

export function fields(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {};
}
