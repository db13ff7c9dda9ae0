/**
 * A question that is put to a person in a thread, and what came of it. These shapes are in databases: they grow by optional
 * fields only.
 */

/** All questions of a turn together: its place in the sandbox is kept while it waits. */
export const MOST_WAITED_MS = 1_800_000;

/** Who may answer: one person by their Slack id, the person who began the turn, or every member who may speak to the agent. */
export type Answerer = { readonly person: string } | 'requester' | 'members';

/** A button. */
export interface Choice {
  /** Short and stable: `once`, `approve`. */
  readonly id: string;
  readonly label: string;
  readonly style?: 'primary' | 'danger';
  /** The press opens this form, and what is entered there comes with the answer. */
  readonly form?: QuestionForm;
}

/** A form of Slack. */
export interface QuestionForm {
  /** At most 24 characters are shown. */
  readonly title: string;
  readonly fields: readonly FormField[];
}

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly optional?: boolean;
  /** `number` is checked to be one. With `options`, one of them is chosen. @default text */
  readonly kind?: 'text' | 'number';
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  readonly initial?: string;
}

/** What a tool asks a person. */
export interface Question {
  /** Names it within its step: asking again finds the same question. */
  readonly name: string;
  /** Plain text. Words of others in it must be marked as theirs. */
  readonly text: string;
  /** What stands before the choice in the line that replaces the card: `GitHub in this thread`. */
  readonly about: string;
  readonly answerer: Answerer;
  /** One to five. */
  readonly choices: readonly Choice[];
  /** `thread`: everybody sees the card. `alone`: only the person who may answer sees it. */
  readonly shown: 'thread' | 'alone';
  /** After that long it cannot be answered any more. @default 600000 */
  readonly withinMs?: number;
}

/** A question as it is stored: it names the person whom `requester` stood for. */
export interface AskedQuestion extends Omit<Question, 'withinMs' | 'answerer'> {
  readonly answerer: { readonly person: string } | 'members';
}

/** What came of a question. */
export type Answer =
  | {
      readonly state: 'answered';
      /** The id of the choice. */
      readonly choice: string;
      /** Slack's id of who chose. */
      readonly by: string;
      /** What was entered in the form of the choice, by the names of its fields. Empty without one. */
      readonly given: Readonly<Record<string, string>>;
    }
  /** Nobody answered in time. */
  | { readonly state: 'expired' }
  /** The turn ended first. */
  | { readonly state: 'withdrawn' }
  /** No person began the turn, so there is nobody to ask. Nothing was shown. */
  | { readonly state: 'nobody' };

/** For how long a question waits when it does not say so. */
export const ANSWER_WITHIN_MS = 600_000;
