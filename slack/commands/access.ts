import type { EffectiveAccess } from '../../access/decision.ts';
import { outsidersSentence } from '../../access/sentences.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { cutText } from '../rendering/mrkdwn.ts';
import { actsText, type ReachPart, reachParts } from './reach-words.ts';

/** Lines of each part, and characters of each line. With one line each, all parts fit. */
const MOST_LINES = 10;
const MOST_LINE = 160;
/** Nobody reads more of it in a message that only they see. */
const MOST_PARTS = 1_700;

/** The answer to `access`: what `bellhop effective` says, in words of people and no more than they read. */
export function accessText(
  { label, scope }: { readonly label: string; readonly scope: ScopeKey },
  access: EffectiveAccess,
): string {
  const outsiders = outsidersSentence(access);
  // A member has no use for a scope's key, and an administrator finds a person's access by nothing else.
  const whole = `Every rule, and where it comes from: an administrator sees it with ./bellhop effective '${scope.startsWith('person:') ? scope : label}'`;
  if (!access.enabled) return `${outsiders ?? 'I am switched off here, so I reach nothing.'}\n${whole}`;
  const parts = withinBounds(reachParts(access));
  return [
    `What I reach in ${scope.startsWith('person:') ? 'your direct messages' : label}`,
    ...(outsiders ? [outsiders] : []),
    actsText(access),
    ...(parts.isCut ? [...parts.texts, 'That is not all.'] : parts.texts),
    whole,
  ].join('\n');
}

/** Every part, each with as many lines as there is room for in all of them. */
function withinBounds(parts: readonly ReachPart[]): { readonly texts: readonly string[]; readonly isCut: boolean } {
  let most = MOST_LINES;
  let texts = parts.map((each) => partText(each, most));
  while (most > 1 && texts.join('\n').length > MOST_PARTS) {
    most -= 1;
    texts = parts.map((each) => partText(each, most));
  }
  const isCut = parts.some(({ lines }) => lines.length > most || lines.some((line) => line.length > MOST_LINE));
  return { texts, isCut };
}

function partText({ title, lines }: ReachPart, most: number): string {
  const shown = lines.slice(0, most).map((line) => `• ${cutText(line, MOST_LINE)}`);
  const more = lines.length > most ? [`• and ${lines.length - most} more`] : [];
  return [`${title}:`, ...shown, ...more].join('\n');
}
