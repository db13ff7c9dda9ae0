import { tablesIn } from './markdown-tables.ts';

/** Slack's limits on Block Kit (docs.slack.dev/reference/block-kit/blocks), as far as the simulator knows them. */
type Fields = Readonly<Record<string, unknown>>;
type Report = (problem: string, path: string) => void;

const KNOWN_BLOCKS: ReadonlySet<string> = new Set([
  ...['section', 'header', 'divider', 'context', 'actions', 'image', 'markdown', 'rich_text', 'input', 'file', 'video'],
  ...['table', 'data_table', 'data_visualization', 'task_card', 'plan', 'card', 'carousel', 'container', 'alert'],
  'context_actions',
]);

/** Problems of a message's blocks, each with the place it is at; empty when Slack would take them. */
export function blockProblems(blocks: unknown): string[] {
  const problems: string[] = [];
  const report: Report = (problem, path) => problems.push(`${problem} [json-pointer:${path}]`);
  if (!Array.isArray(blocks)) return ['must be an array [json-pointer:/blocks]'];
  if (blocks.length > 50) report('no more than 50 items allowed', '/blocks');
  const ids = new Set<string>();
  let markdownLength = 0;
  for (const [index, value] of blocks.entries()) {
    const path = `/blocks/${index}`;
    const block = fields(value);
    if (typeof block.type !== 'string' || !KNOWN_BLOCKS.has(block.type)) {
      report(`unsupported type: ${String(block.type)}`, `${path}/type`);
      continue;
    }
    if (block.block_id !== undefined) {
      lengthOf(block.block_id, 1, 255, `${path}/block_id`, report);
      if (ids.has(String(block.block_id))) report('`block_id` already exists', `${path}/block_id`);
      ids.add(String(block.block_id));
    }
    if (block.type === 'markdown') markdownLength += typeof block.text === 'string' ? block.text.length : 0;
    checkBlock(block, path, report);
  }
  const markdown = blocks.map(fields).filter(({ type }) => type === 'markdown');
  if (markdown.reduce((sum, { text }) => sum + tablesIn(String(text ?? '')).length, 0) > 1) {
    report('only_one_table_allowed', '/blocks');
  }
  if (markdownLength > 12_000) report('markdown blocks must be less than 12001 characters together', '/blocks');
  const types = new Set(blocks.map((block) => fields(block).type));
  const count = (type: string) => blocks.filter((block) => fields(block).type === type).length;
  if (count('table') > 1) report('only_one_table_allowed', '/blocks');
  if (count('data_visualization') > 2) report('no more than 2 data_visualization blocks allowed', '/blocks');
  if (types.has('plan') && types.has('task_card')) report('plan and task_card blocks may not be mixed', '/blocks');
  return problems;
}

/** All text in the blocks, by which Slack refuses the sum (`msg_blocks_too_long`, near 13,200). */
export function totalText(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + totalText(item), 0);
  if (value === null || typeof value !== 'object') return 0;
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + (key === 'text' && typeof item === 'string' ? item.length : totalText(item)),
    0,
  );
}

function checkBlock(block: Fields, path: string, report: Report): void {
  switch (block.type) {
    case 'section':
      if (block.text === undefined && block.fields === undefined) report('missing required field: text', path);
      if (block.text !== undefined) checkText(block.text, 3000, `${path}/text`, report);
      for (const [index, field] of list(block.fields, 1, 10, `${path}/fields`, report).entries()) {
        checkText(field, 2000, `${path}/fields/${index}`, report);
      }
      if (block.accessory !== undefined) checkElement(fields(block.accessory), `${path}/accessory`, report);
      return;
    case 'header':
      checkText(block.text, 150, `${path}/text`, report, true);
      return;
    case 'markdown':
      lengthOf(block.text, 1, 12_000, `${path}/text`, report);
      checkTables(String(block.text ?? ''), `${path}/text`, report);
      return;
    case 'image':
      checkElement({ ...block, type: 'image' }, path, report);
      return;
    case 'context':
      checkElements(block, 10, path, report);
      return;
    case 'actions':
      checkElements(block, 25, path, report);
      return;
    case 'context_actions':
      checkElements(block, 5, path, report);
      return;
    case 'rich_text':
      checkRichText(block, path, report);
      return;
    case 'table':
    case 'data_table':
      checkTable(block, path, report);
      return;
    case 'task_card':
      if (block.task_id === undefined) report('missing required field: task_id', path);
      lengthOf(block.title, 1, 3000, `${path}/title`, report);
      return;
    case 'plan':
      lengthOf(block.title, 1, 3000, `${path}/title`, report);
  }
}

/** Slack refuses the whole message for one cell without a letter (docs.slack.dev/reference/block-kit/blocks/table-block). */
function checkTable(block: Fields, path: string, report: Report): void {
  if (block.rows === undefined) report('missing required field: rows', path);
  for (const [at, row] of list(block.rows, 1, 101, `${path}/rows`, report).entries()) {
    for (const [column, value] of list(row, 1, 20, `${path}/rows/${at}`, report).entries()) {
      const cell = fields(value);
      const place = `${path}/rows/${at}/${column}`;
      if (cell.type === 'rich_text') checkRichText(cell, place, report);
      else if (cell.type === 'raw_text' || cell.type === 'raw_number') {
        lengthOf(cell.text, 1, Number.POSITIVE_INFINITY, `${place}/text`, report);
      } else report('unsupported type', `${place}/type`);
    }
  }
  list(block.column_settings, 0, 20, `${path}/column_settings`, report);
}

function checkRichText(block: Fields, path: string, report: Report): void {
  if (block.elements === undefined) report('missing required field: elements', path);
  for (const [at, value] of list(block.elements, 0, Number.POSITIVE_INFINITY, `${path}/elements`, report).entries()) {
    const element = fields(value);
    const place = `${path}/elements/${at}`;
    if (element.type === 'text') lengthOf(element.text, 1, Number.POSITIVE_INFINITY, `${place}/text`, report);
    else if (typeof element.type !== 'string') report('missing required field: type', place);
    else if (element.elements !== undefined) checkRichText(element, place, report);
  }
}

/** Slack makes a table block of a table in Markdown, and refuses it for what it refuses a table block for. */
function checkTables(markdown: string, path: string, report: Report): void {
  for (const rows of tablesIn(markdown)) {
    if (rows.length > 100) report('no more than 100 rows allowed', path);
    if ((rows[0]?.length ?? 0) > 20) report('no more than 20 columns allowed', path);
    if (rows.some((row) => row.length !== rows[0]?.length)) report('rows must have the same number of cells', path);
    if (rows.flat().some((cell) => cell === '')) report('must be more than 0 characters', path);
  }
}

function checkElements(block: Fields, most: number, path: string, report: Report): void {
  const ids = new Set<string>();
  if (block.elements === undefined) report('missing required field: elements', path);
  for (const [index, value] of list(block.elements, 1, most, `${path}/elements`, report).entries()) {
    const element = fields(value);
    const at = `${path}/elements/${index}`;
    checkElement(element, at, report);
    if (element.action_id === undefined) continue;
    if (ids.has(String(element.action_id))) report('`action_id` already exists', `${at}/action_id`);
    ids.add(String(element.action_id));
  }
}

function checkElement(element: Fields, path: string, report: Report): void {
  if (element.action_id !== undefined) lengthOf(element.action_id, 1, 255, `${path}/action_id`, report);
  if (element.type === 'button') {
    checkText(element.text, 75, `${path}/text`, report, true);
    if (element.value !== undefined) lengthOf(element.value, 0, 2000, `${path}/value`, report);
    if (element.url !== undefined) lengthOf(element.url, 1, 3000, `${path}/url`, report);
    if (element.style !== undefined && element.style !== 'primary' && element.style !== 'danger') {
      report('must be one of: primary, danger', `${path}/style`);
    }
  } else if (element.type === 'image') {
    lengthOf(element.alt_text, 1, 2000, `${path}/alt_text`, report);
    if (element.image_url === undefined && element.slack_file === undefined) {
      report('missing required field: image_url', path);
    }
    if (element.image_url !== undefined) lengthOf(element.image_url, 1, 3000, `${path}/image_url`, report);
  } else if (element.type === 'mrkdwn' || element.type === 'plain_text') {
    checkText(element, 3000, path, report);
  } else if (typeof element.type !== 'string') {
    report('missing required field: type', path);
  }
}

function checkText(value: unknown, most: number, path: string, report: Report, plainOnly = false): void {
  const text = fields(value);
  if (text.type !== 'plain_text' && (plainOnly || text.type !== 'mrkdwn')) report('unsupported type', `${path}/type`);
  lengthOf(text.text, 1, most, `${path}/text`, report);
}

function lengthOf(value: unknown, least: number, most: number, path: string, report: Report): void {
  if (typeof value !== 'string') report('must be a string', path);
  else if (value.length < least) report(`must be more than ${least - 1} characters`, path);
  else if (value.length > most) report(`must be less than ${most + 1} characters`, path);
}

function list(value: unknown, least: number, most: number, path: string, report: Report): unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    report('must be an array', path);
    return [];
  }
  if (value.length < least) report(`must have at least ${least} items`, path);
  if (value.length > most) report(`no more than ${most} items allowed`, path);
  return value;
}

function fields(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {};
}
