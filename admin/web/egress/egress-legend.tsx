import type { Outcome } from '../../../contracts/egress.ts';
import { OutcomeBadge } from '../parts/outcome-badge.tsx';

const MEANINGS: readonly (readonly [Outcome, string])[] = [
  ['injected', 'credential added'],
  ['forwarded', 'no credential'],
  ['blocked', 'not sent'],
];

/** The three ways a request can end. */
export function EgressLegend() {
  return (
    <ul className="egress-legend" aria-label="What the outcomes mean">
      {MEANINGS.map(([outcome, meaning]) => (
        <li key={outcome}>
          <OutcomeBadge outcome={outcome} />
          <span>{meaning}</span>
        </li>
      ))}
    </ul>
  );
}
