import { knownToken } from '../../access/environments/secret-like.ts';
import type { OwnLimit, PersonalSettings } from '../../store/personal-settings.ts';
import type { PersonalWords } from './words.ts';

/** The action id of the button that opens the form for instructions. */
export const INSTRUCTIONS_ACTION = 'bellhop_instructions';
/** The longest text that Slack takes in a field. */
export const MOST_INSTRUCTIONS = 3_000;
/** What a person may set at most. The installation's own limit counts when it is lower. */
export const MOST: Readonly<Record<OwnLimit, number>> = { steps: 10_000, minutes: 10_000, tokens: 1_000_000_000 };

const HERE = 'It counts here, in your direct messages with me, and nowhere else.';
const LIMITS: readonly OwnLimit[] = ['steps', 'minutes', 'tokens'];

/** Why a text cannot be somebody's instructions. Null: it can. */
export function instructionsProblem(text: string): string | null {
  if (text.length > MOST_INSTRUCTIONS) return `is longer than ${MOST_INSTRUCTIONS} characters`;
  const token = knownToken(text);
  return token === null
    ? null
    : `holds what looks like ${token}. The model would read it: connect the account instead, by \`connections\``;
}

/** The answer to `instructions`. */
export function instructionsText({ instructions }: PersonalSettings): PersonalWords {
  const none = instructions === '';
  return {
    text: [
      none
        ? 'You have given me no instructions of your own.'
        : `You have given me instructions of your own, of ${instructions.length} characters.`,
      `Press the button to ${none ? 'write' : 'read and change'} them. ${HERE}${none ? '' : ' To remove them, write `clear instructions`.'}`,
    ].join('\n'),
    buttons: [{ action: INSTRUCTIONS_ACTION, value: 'instructions', text: 'Write instructions' }],
  };
}

/** The answer to `instructions none`. */
export function instructionsCleared(): PersonalWords {
  return { text: 'You have no instructions of your own any more.' };
}

/** The answer to `model`. */
export function modelText(choices: readonly string[], own: string | null): PersonalWords {
  if (choices.length === 0) {
    return {
      text: 'There is no model that you can choose here. An administrator can allow some with `people: { models: [large] }` in bellhop.yaml.',
    };
  }
  const chosen = own !== null && choices.includes(own) ? own : null;
  return {
    text: [
      chosen === null ? 'You use the usual model.' : `You use the model ${chosen}.`,
      ...(own !== null && chosen === null ? [`${own}, which you have chosen, cannot be chosen any more.`] : []),
      `You can choose: ${choices.join(', ')}. Write \`model ${choices[0]}\`, or \`model usual\`. ${HERE}`,
    ].join('\n'),
  };
}

/**
 * The answer to `model large`.
 * @param name null for the usual model
 */
export function modelChosen(name: string | null): PersonalWords {
  return {
    text:
      name === null
        ? 'From your next message on, the usual model answers you here.'
        : `From your next message on, the model ${name} answers you here.`,
  };
}

/** The answer to `model` with a name that cannot be chosen. */
export function notAChoice(name: string, choices: readonly string[]): PersonalWords {
  return choices.length === 0
    ? modelText(choices, null)
    : { text: `You cannot choose ${name}. You can choose: ${choices.join(', ')}, or \`usual\`.` };
}

/** The answer to `limits`. */
export function limitsText(settings: PersonalSettings): PersonalWords {
  return {
    text: [
      `The limits of one turn of yours: ${limitWords(settings) || 'the usual ones'}.`,
      `To lower one, write for example \`limits 20 steps\`, \`limits 10 minutes\` or \`limits 200,000 tokens\`; \`limits none\` removes yours. What is usual here is never exceeded. ${HERE}`,
    ].join('\n'),
  };
}

/** Why a number cannot be somebody's limit. Null: it can. */
export function limitProblem(limit: OwnLimit, value: number): PersonalWords | null {
  if (value >= 1 && value <= MOST[limit]) return null;
  return { text: `A limit of ${limit} is a whole number between 1 and ${MOST[limit].toLocaleString('en')}.` };
}

/** `20 steps, 10 minutes`. Empty without any. */
export function limitWords(settings: Pick<PersonalSettings, OwnLimit>): string {
  return LIMITS.flatMap((limit) => {
    const value = settings[limit];
    return value === null ? [] : [`${value.toLocaleString('en')} ${limit}`];
  }).join(', ');
}
