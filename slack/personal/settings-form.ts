/** The form for a person's own instructions, and their settings in the Home tab. */

import type { Person } from '../../contracts/scope.ts';
import type { Database } from '../../store/database.ts';
import {
  type PersonalSettings,
  personalSettingsOf,
  removePersonalSettings,
  setOwnInstructions,
} from '../../store/personal-settings.ts';
import type { Fields } from '../api/fields.ts';
import type { GrantedCalls } from '../api/paced-calls.ts';
import type { Handled } from './presses.ts';
import { INSTRUCTIONS_ACTION, instructionsProblem, limitWords, MOST_INSTRUCTIONS } from './settings-words.ts';

/** The callback id of the form; the ids of its one input. */
export const INSTRUCTIONS_VIEW = 'bellhop_instructions';
export const INSTRUCTIONS_BLOCK = 'instructions';

export interface SettingsFormOptions {
  readonly database: Database;
  readonly calls: Pick<GrantedCalls, 'call'>;
  /** The models among which people choose. */
  readonly models: () => Promise<readonly string[]>;
  /** Why a person may set nothing. Null: they may. */
  readonly whyNot: (user: string) => Promise<string | null>;
}

export interface SettingsForm {
  open(owner: Person, trigger: string): Promise<void>;
  /** @throws while the database is away */
  submitted(owner: Person, text: unknown): Promise<Handled>;
  /** What stands in the Home tab. */
  homeBlocks(owner: Person): Promise<Fields[]>;
}

/** One for each gateway. */
export function createSettingsForm({ database, calls, models, whyNot }: SettingsFormOptions): SettingsForm {
  return {
    async open(owner, trigger) {
      const { instructions } = await personalSettingsOf(database, owner);
      await calls.call('views.open', { trigger_id: trigger, view: instructionsView(instructions) });
    },
    /**
     * The account may end while its form is handled. Therefore the person is looked up once more after storing, as for
     * tokens (interactions.ts).
     */
    async submitted(owner, text) {
      const problem = await whyNot(owner.person);
      if (problem) return refused(problem);
      const instructions = typeof text === 'string' ? text.trim() : '';
      const wrong = instructionsProblem(instructions);
      if (wrong) return refused(`This ${wrong}.`);
      await setOwnInstructions(database, owner, instructions);
      const late = await whyNot(owner.person);
      if (late === null) return {};
      await removePersonalSettings(database, owner);
      return refused(late);
    },
    async homeBlocks(owner) {
      return settingsBlocks(await personalSettingsOf(database, owner), await models());
    },
  };
}

const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });

/** The form (docs.slack.dev/reference/views/modal-views). An empty field removes the instructions. */
export function instructionsView(instructions: string): Fields {
  return {
    type: 'modal',
    callback_id: INSTRUCTIONS_VIEW,
    title: plain('Your instructions'),
    submit: plain('Save'),
    close: plain('Cancel'),
    blocks: [
      mrkdwn(
        'How I should work and answer in your direct messages with me. They count nowhere else, and they open nothing that you cannot reach here anyway. Write no password or token: the model reads this.',
      ),
      {
        type: 'input',
        block_id: INSTRUCTIONS_BLOCK,
        optional: true,
        label: plain('Instructions'),
        element: {
          type: 'plain_text_input',
          action_id: INSTRUCTIONS_BLOCK,
          multiline: true,
          max_length: MOST_INSTRUCTIONS,
          ...(instructions === '' ? {} : { initial_value: instructions }),
        },
      },
    ],
  };
}

function settingsBlocks(settings: PersonalSettings, choices: readonly string[]): Fields[] {
  const { instructions, model } = settings;
  const chosen = model !== null && choices.includes(model) ? model : 'the usual one';
  return [
    { type: 'header', text: plain('Your settings') },
    mrkdwn(
      [
        'They count in your direct messages with me, and nowhere else.',
        `*Instructions*: ${instructions === '' ? 'none' : `${instructions.length} characters`}`,
        ...(choices.length === 0 ? [] : [`*Model*: ${chosen}. Write \`model\` to me to choose another one.`]),
        `*Limits of one turn*: ${limitWords(settings) || 'the usual ones'}. Write \`limits\` to me to lower them.`,
      ].join('\n'),
    ),
    {
      type: 'actions',
      block_id: 'own-settings',
      elements: [
        { type: 'button', action_id: INSTRUCTIONS_ACTION, value: 'instructions', text: plain('Write instructions') },
      ],
    },
  ];
}

function refused(words: string): Handled {
  return { response: { response_action: 'errors', errors: { [INSTRUCTIONS_BLOCK]: words } } };
}
