import { useId } from 'react';
import type { SlackBlock } from '../../contract/slack.ts';

/** An input of a modal (docs.slack.dev/reference/block-kit/blocks/input-block); Bellhop asks for text only. */
export interface TextInput {
  readonly blockId: string;
  readonly actionId: string;
  readonly label: string;
  readonly hint: string;
  readonly placeholder: string;
  readonly initial: string;
  readonly multiline: boolean;
  readonly optional: boolean;
  readonly maxLength: number;
}

const MOST = 3_000;

/** The inputs of a modal that this page can draw, in their order. */
export function textInputs(blocks: readonly SlackBlock[]): TextInput[] {
  return blocks.flatMap((block) => {
    const element = fields(block.element);
    if (block.type !== 'input' || element.type !== 'plain_text_input') return [];
    return [
      {
        blockId: String(block.block_id),
        actionId: String(element.action_id),
        label: textOf(block.label),
        hint: textOf(block.hint),
        placeholder: textOf(element.placeholder),
        initial: typeof element.initial_value === 'string' ? element.initial_value : '',
        multiline: element.multiline === true,
        optional: block.optional === true,
        maxLength: typeof element.max_length === 'number' ? element.max_length : MOST,
      },
    ];
  });
}

export interface InputBlockProps {
  readonly input: TextInput;
  readonly value: string;
  /** What is wrong with it, said beside it. */
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

/** One field with its label, its hint and what is wrong with it. Slack has no field that hides what is typed. */
export function InputBlock({ input, value, problem, onChange }: InputBlockProps) {
  const id = useId();
  const { label, hint, optional, multiline, placeholder, maxLength } = input;
  const about = [problem ? `${id}-problem` : null, hint ? `${id}-hint` : null].filter((each) => each !== null);
  const shared = {
    id,
    value,
    maxLength,
    placeholder: placeholder || undefined,
    autoComplete: 'off',
    spellCheck: false,
    'aria-invalid': problem !== undefined,
    'aria-describedby': about.length > 0 ? about.join(' ') : undefined,
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
  };
  return (
    <div className="input-block">
      <label htmlFor={id}>
        {label} {optional && <span className="input-block__optional">(optional)</span>}
      </label>
      {multiline ? <textarea rows={4} {...shared} /> : <input type="text" {...shared} />}
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

function textOf(value: unknown): string {
  const { text } = fields(value);
  return typeof text === 'string' ? text : '';
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? { ...value } : {};
}
