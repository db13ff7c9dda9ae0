import type { Outcome } from '../../../contracts/egress.ts';

const SHAPES: Readonly<Record<Outcome, string>> = {
  // A key, an arrow and a bar can be told apart without their colours.
  injected: 'M7.6 4.4a2.2 2.2 0 1 0-2 2.2l.5.5v1h1v1h1l1.4 1.2V8.6L7.3 6.4',
  forwarded: 'M2 6h8M7 3l3 3-3 3',
  blocked: 'M6 1.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8ZM3.4 6h5.2',
};

/** An outcome as a word with a shape and a colour of its own. */
export function OutcomeBadge({ outcome }: { readonly outcome: Outcome }) {
  return (
    <span className={`outcome outcome--${outcome}`}>
      <OutcomeIcon outcome={outcome} />
      {outcome}
    </span>
  );
}

/** Only the shape, in the colour of the text around it. Put a word beside it. */
export function OutcomeIcon({ outcome }: { readonly outcome: Outcome }) {
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <path
        d={SHAPES[outcome]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
