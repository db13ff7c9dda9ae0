import type { OwnLimit } from '../../store/personal-settings.ts';
import { commandWords } from './own-commands.ts';

/** What a person says in their direct message about settings of their own. */
export type SettingsCommand =
  | { readonly verb: 'instructions'; readonly clear: boolean }
  /** `name` is null for a look. `usual` gives the choice back. */
  | { readonly verb: 'model'; readonly name: string | null }
  | { readonly verb: 'limits'; readonly change: LimitChange | null };

/** `none` for all: the installation's again. A `value` of NaN is a number that cannot be read. */
export type LimitChange = { readonly limit: OwnLimit; readonly value: number } | 'none';

const LOOK = /^(?:my )?(instructions|model|limits)$/;
const CLEAR = /^(?:clear|remove) (?:my )?instructions$|^instructions (?:clear|none)$/;
const MODEL = /^(?:use )?model ([a-z0-9-]{1,64})$/;
const LIMIT = /^limits? (\d[\d,.]{0,12}) (step|minute|token)s?$/;
/** `200000`, `200,000` or `200.000`. Before anything but three digits, a point or comma is that of a fraction. */
const WHOLE = /^(?:\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:\.\d{3})+)$/;
const NO_LIMITS = /^limits? (?:none|clear)$/;

/** The command that a message is, if it is nothing else: `model large`, not `model large data sets`. */
export function settingsCommandOf(text: string, botUser: string): SettingsCommand | null {
  const words = commandWords(text, botUser);
  if (words === null) return null;
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
  const change = { limit: `${unit}s` as OwnLimit, value: wholeNumber(digits) };
  return { verb: 'limits', change };
}

function wholeNumber(digits: string): number {
  return WHOLE.test(digits) ? Number(digits.replaceAll(/[,.]/g, '')) : Number.NaN;
}
