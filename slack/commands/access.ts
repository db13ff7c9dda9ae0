import type { EffectiveAccess } from '../../access/decision.ts';
import { effectiveText } from '../../access/effective-text.ts';
import type { ScopeKey } from '../../contracts/scope.ts';

/** Slack takes more, and nobody reads it there. */
const MOST = 10_000;

/** The answer to `access`: what `bellhop effective` says, as code, so that columns stay columns. */
export function accessText(
  named: { readonly label: string; readonly scope: ScopeKey },
  access: EffectiveAccess,
): string {
  // What stands in instructions ends no code.
  const whole = effectiveText(named, access).replaceAll('`', "'");
  if (whole.length <= MOST) return fenced(whole);
  const shown = whole.slice(0, whole.lastIndexOf('\n', MOST));
  return `${fenced(shown)}\nThat is not all. An administrator sees the whole of it with: ./bellhop effective '${named.label}'`;
}

function fenced(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}
