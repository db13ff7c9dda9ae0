import { knownToken } from '../../access/environments/secret-like.ts';
import type { FormField, QuestionForm } from '../../contracts/questions.ts';
import { visibleText } from '../../contracts/visible-text.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import { cutText } from '../rendering/mrkdwn.ts';

/** The callback id of the form of a question. */
export const QUESTION_VIEW = 'bellhop_question';
const MOST_TITLE = 24;
const MOST_LABEL = 150;
const MOST_OPTIONS = 100;

/** What the form carries to its submission. Nothing in it is a secret. */
export interface FormContext {
  readonly question: string;
  readonly choice: string;
}

const plain = (text: string, most: number) => ({
  type: 'plain_text',
  text: cutText(visibleText(text), most) || '-',
  emoji: false,
});

/** The form of a choice (docs.slack.dev/reference/views/modal-views). */
export function questionForm({ title, fields }: QuestionForm, text: string, context: FormContext): Fields {
  return {
    type: 'modal',
    callback_id: QUESTION_VIEW,
    private_metadata: JSON.stringify(context),
    title: plain(title, MOST_TITLE),
    submit: plain('Send', MOST_TITLE),
    close: plain('Cancel', MOST_TITLE),
    blocks: [{ type: 'section', text: plain(text, 2_500) }, ...fields.map(inputOf)],
  };
}

function inputOf(field: FormField): Fields {
  const { name, label, hint, optional = false } = field;
  return {
    type: 'input',
    block_id: name,
    optional,
    label: plain(label, MOST_LABEL),
    ...(hint && { hint: plain(hint, MOST_LABEL) }),
    element: elementOf(field),
  };
}

function elementOf({ name, options, initial, kind }: FormField): Fields {
  if (options) {
    const choices = options
      .slice(0, MOST_OPTIONS)
      .map(({ value, label }) => ({ value: value.slice(0, MOST_LABEL), text: plain(label, 75) }));
    const chosen = choices.find(({ value }) => value === initial);
    return { type: 'static_select', action_id: name, options: choices, ...(chosen && { initial_option: chosen }) };
  }
  const beginning = initial === undefined ? {} : { initial_value: initial };
  return { type: 'plain_text_input', action_id: name, ...(kind !== 'number' && { max_length: 3_000 }), ...beginning };
}

/** What was entered, by the names of the fields; and what is wrong with it, as Slack shows it beside each field. */
export function readForm(
  { fields }: QuestionForm,
  state: unknown,
): { readonly given: Record<string, string>; readonly problems: Record<string, string> } {
  const given: Record<string, string> = {};
  const problems: Record<string, string> = {};
  const values = fieldsOf(fieldsOf(state).values);
  for (const { name, kind, options } of fields) {
    const input = fieldsOf(fieldsOf(values[name])[name]);
    const value = options ? fieldsOf(input.selected_option).value : input.value;
    if (typeof value !== 'string' || value === '') continue;
    // What is entered is stored readable, and goes to somebody else.
    const token = knownToken(value);
    if (token !== null) problems[name] = `This looks like ${token}. Enter no secret here; nothing was sent.`;
    else if (kind === 'number' && !Number.isFinite(Number(value))) problems[name] = 'This is not a number.';
    else if (options && !options.some((each) => each.value === value)) problems[name] = 'Choose one of the list.';
    else given[name] = value;
  }
  return { given, problems };
}

/** Reads what a form carried to its submission. Null for anything else. */
export function readContext(text: unknown): FormContext | null {
  try {
    const { question, choice } = fieldsOf(JSON.parse(String(text)));
    return typeof question === 'string' && typeof choice === 'string' ? { question, choice } : null;
  } catch {
    return null;
  }
}
