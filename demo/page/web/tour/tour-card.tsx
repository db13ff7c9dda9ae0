import './tour.css';
import { useState } from 'react';
import type { Scenario } from '../../contract/page.ts';

export interface TourCardProps {
  readonly scenarios: readonly Scenario[];
  /** The person acted as. */
  readonly actingName: string;
  readonly onRun: (scenario: Scenario) => Promise<void>;
}

/** The pinned first message: what to try, each with the script it posts. */
export function TourCard({ scenarios, actingName, onRun }: TourCardProps) {
  const [open, setOpen] = useState(true);
  const [busy, setBusy] = useState<string | null>(null);

  async function run(scenario: Scenario): Promise<void> {
    setBusy(scenario.id);
    await onRun(scenario);
    setBusy(null);
  }

  return (
    <section className="tour" aria-labelledby="tour-title">
      <header className="tour__head">
        <h3 id="tour-title">Five things to try</h3>
        <span className="tag">pinned</span>
        <button
          type="button"
          className="button button--plain tour__fold"
          aria-expanded={open}
          aria-controls="tour-body"
          onClick={() => setOpen(!open)}
        >
          {open ? 'Fold' : 'Unfold'}
        </button>
      </header>
      <div id="tour-body" hidden={!open}>
        <p className="tour__intro">
          Each button posts a script as {actingName}. The demo model is not a language model: it does what the script
          says, line by line.
        </p>
        <ol className="tour__list">
          {scenarios.map((scenario, index) => (
            <li key={scenario.id} className="tour__item">
              <button
                type="button"
                className="button tour__run"
                disabled={busy !== null}
                onClick={() => void run(scenario)}
              >
                <span className="tour__number">{index + 1}</span>
                {scenario.title}
              </button>
              <span className="tour__where">#{scenario.channel}</span>
              <details>
                <summary aria-label={`Script of ${scenario.title}`}>Script</summary>
                <pre>{scenario.text}</pre>
              </details>
              {scenario.note && <p className="tour__note">{scenario.note}</p>}
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}
