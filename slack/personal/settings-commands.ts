import type { OwnLimit } from '../../store/personal-settings.ts';
import { withoutMention } from '../receiving/commands.ts';

/** What a person says in their direct message about settings of their own. */
export type SettingsCommand =
  | { readonly verb: 'instructions'; readonly clear: boolean }
  /** `name` is null for a look. `usual` gives the choice back. */
  | { readonly verb: 'model'; readonly name: string | null }
  | { readonly verb: 'limits'; readonly change: LimitChange | null };

/** Null for all: the installation's again. */
export type LimitChange = { readonly limit: OwnLimit; readonly value: number } | 'none';

const LOOK = /^(?:my )?(instructions|model|limits)$/;
const CLEAR = /^(?:clear|remove) (?:my )?instructions$|^instructions (?:clear|none)$/;
const MODEL = /^(?:use )?model ([a-z0-9-]{1,64})$/;
const LIMIT = /^limits? (\d[\d,.]{0,12}) (step|minute|token)s?$/;
const NO_LIMITS = /^limits? (?:none|clear)$/;

/** The command that a message is, if it is nothing else: `model large`, not `model large data sets`. */
export function settingsCommandOf(text: string, botUser: string): SettingsCommand | null {
  const words = withoutMention(text, botUser)
    .toLowerCase()
    .replace(/[\s.!]+$/, '')
    .replace(/\s+/g, ' ');
  const look = LOOK.exec(words)?.[1];
  if (look === 'instructions') return { verb: 'instructions', clear: false };
  if (look === 'model') return { verb: 'model', name: null };
  if (look === 'limits') return { verb: 'limits', change: null };
  if (CLEAR.test(words)) return { verb: 'instructions', clear: true };
  const model = MODEL.exec(words)?.[1];
  if (model !== undefined) return { verb: 'model', name: model };
  if (NO_LIMITS.test(words)) return { verb: 'limits', change: 'none' };
  const [, digits, unit] = LIMIT.exec(words) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const change = { limit: `${unit}s` as OwnLimit, value: Number(digits.replaceAll(/[,.]/g, '')) };
  return { verb: 'limits', change };
}
