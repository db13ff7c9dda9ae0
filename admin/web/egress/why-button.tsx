import type { EgressEvent } from '../../../contracts/egress.ts';

export interface WhyButtonProps {
  readonly event: Pick<EgressEvent, 'method' | 'host' | 'outcome'>;
  /** The id of the panel that the button opens and closes. */
  readonly panel: string;
  readonly open: boolean;
  readonly onToggle: () => void;
}

/** Opens and closes the panel that says why a request was decided so. */
export function WhyButton({ event: { method, host, outcome }, panel, open, onToggle }: WhyButtonProps) {
  return (
    <button
      type="button"
      className="button button--plain button--ask"
      aria-expanded={open}
      aria-controls={panel}
      aria-label={`Why was ${method} ${host} ${outcome}?`}
      onClick={onToggle}
    >
      Why?
    </button>
  );
}
