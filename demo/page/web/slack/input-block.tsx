import { useId } from 'react';
import type { SlackBlock } from '../../contract/slack.ts';

/** An input of a modal (docs.slack.dev/reference/block-kit/blocks/input-block): a text, or one of a list. */
export interface Input {
  readonly blockId: string;
  readonly actionId: string;
  readonly label: string;
  readonly hint: string;
  readonly placeholder: string;
  readonly initial: string;
  readonly multiline: boolean;
  readonly optional: boolean;
  readonly maxLength: number;
  /** What may be chosen; null for a text. */
  readonly options: readonly { readonly value: string; readonly label: string }[] | null;
}

const MOST = 3_000;
const DRAWN: ReadonlySet<unknown> = new Set(['plain_text_input', 'static_select']);

/** The inputs of a modal that this page can draw, in their order. */
export function inputsOf(blocks: readonly SlackBlock[]): Input[] {
  return blocks.flatMap((block) => {
    const element = fields(block.element);
    if (block.type !== 'input' || !DRAWN.has(element.type)) return [];
    return [
      {
        blockId: String(block.block_id),
        actionId: String(element.action_id),
        label: textOf(block.label),
        hint: textOf(block.hint),
        placeholder: textOf(element.placeholder),
        initial: String(element.initial_value ?? fields(element.initial_option).value ?? ''),
        multiline: element.multiline === true,
        optional: block.optional === true,
        maxLength: typeof element.max_length === 'number' ? element.max_length : MOST,
        options: Array.isArray(element.options) ? element.options.map(optionOf) : null,
      },
    ];
  });
}

export interface InputBlockProps {
  readonly input: Input;
  readonly value: string;
  /** What is wrong with it, said beside it. */
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

/** One field with its label, its hint and what is wrong with it. Slack has no field that hides what is typed. */
export function InputBlock({ input, value, problem, onChange }: InputBlockProps) {
  const id = useId();
  const { label, hint, optional, multiline, placeholder, maxLength, options } = input;
  const about = [problem ? `${id}-problem` : null, hint ? `${id}-hint` : null].filter((each) => each !== null);
  const shared = {
    id,
    value,
    'aria-invalid': problem !== undefined,
    'aria-describedby': about.length > 0 ? about.join(' ') : undefined,
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
  };
  const text = { maxLength, placeholder: placeholder || undefined, autoComplete: 'off', spellCheck: false };
  return (
    <div className="input-block">
      <label htmlFor={id}>
        {label} {optional && <span className="input-block__optional">(optional)</span>}
      </label>
      {options ? (
        <select {...shared}>
          <option value="">{placeholder || 'Choose'}</option>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      ) : multiline ? (
        <textarea rows={4} {...shared} {...text} />
      ) : (
        <input type="text" {...shared} {...text} />
      )}
      {problem && (
        <p className="input-block__problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
      {hint && (
        <p className="input-block__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

function optionOf(value: unknown) {
  const option = fields(value);
  return { value: String(option.value), label: textOf(option.text) };
}

function textOf(value: unknown): string {
  const { text } = fields(value);
  return typeof text === 'string' ? text : '';
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? { ...value } : {};
}
