import type { Scenario } from '../../contract/page.ts';

export interface RunButtonProps {
  /** Its place among the scenarios, from 1. */
  readonly number: number;
  readonly scenario: Scenario;
  readonly disabled: boolean;
  readonly onRun: () => void;
}

/** Posts a scenario's script in its channel. */
export function RunButton({ number, scenario, disabled, onRun }: RunButtonProps) {
  return (
    <button type="button" className="button run" disabled={disabled} onClick={onRun}>
      <span className="run__number">{number}</span>
      {scenario.title}
    </button>
  );
}
