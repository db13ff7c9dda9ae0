import './tour.css';
import { useState } from 'react';
import type { Scenario } from '../../contract/page.ts';
import { RunButton } from './run-button.tsx';
import { useRun } from './use-run.ts';

export interface TourCardProps {
  readonly scenarios: readonly Scenario[];
  /** The person acted as. */
  readonly actingName: string;
  readonly onRun: (scenario: Scenario) => Promise<void>;
}

/** The pinned first message: what to try, each with the script it posts. */
export function TourCard({ scenarios, actingName, onRun }: TourCardProps) {
  const [open, setOpen] = useState(true);
  const [busy, run] = useRun(onRun);
  return (
    <section className="tour" aria-labelledby="tour-title">
      <header className="tour__head">
        <h3 id="tour-title">Six things to try</h3>
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
              <RunButton number={index + 1} scenario={scenario} disabled={busy} onRun={() => run(scenario)} />
              {/* Of one name: opening one folds the other, so that the buttons stay in sight. */}
              <details name="script" open={index === 0}>
                <summary aria-label={`Script of ${scenario.title}`}>Script</summary>
                <pre>{scenario.text}</pre>
              </details>
              <p className="tour__note">
                <span className="tour__where">#{scenario.channel}</span> {scenario.note}
              </p>
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}
