import './tour.css';
import { type ReactNode, useState } from 'react';
import { DIRECT, type Scenario } from '../../contract/page.ts';
import type { TourPart } from './parts.ts';
import { RunButton } from './run-button.tsx';
import { useRun } from './use-run.ts';

export interface TourCardProps {
  readonly parts: readonly TourPart[];
  /** The part that belongs to this place, until another one is chosen. */
  readonly part: TourPart['id'];
  /** The person acted as. */
  readonly actingName: string;
  readonly onRun: (scenario: Scenario) => Promise<void>;
  /** Of the second part: what it needs and what came of it. */
  readonly names: ReactNode;
  /** Whether the Home tab is shown with it, which needs the room. There it is folded until somebody unfolds it. */
  readonly besideHome: boolean;
}

/** The pinned first message: what to try, each with the script it posts. */
export function TourCard({ parts, part, actingName, onRun, names, besideHome }: TourCardProps) {
  const [unfolded, setUnfolded] = useState({ elsewhere: true, atHome: false });
  const view = besideHome ? 'atHome' : 'elsewhere';
  const open = unfolded[view];
  const [chosen, choose] = useState(part);
  const [busy, run] = useRun(onRun);
  const shown = parts.find(({ id }) => id === chosen);
  const other = parts.find(({ id }) => id !== chosen);
  if (!shown) return null;
  return (
    <section className="tour" aria-labelledby="tour-title">
      <header className="tour__head">
        <h3 id="tour-title">{shown.title}</h3>
        <span className="tag">pinned</span>
        {other && (
          <button type="button" className="button button--plain tour__other" onClick={() => choose(other.id)}>
            {other.title} →
          </button>
        )}
        <button
          type="button"
          className="button button--plain"
          aria-expanded={open}
          aria-controls="tour-body"
          onClick={() => setUnfolded({ ...unfolded, [view]: !open })}
        >
          {open ? 'Fold' : 'Unfold'}
        </button>
      </header>
      <div id="tour-body" hidden={!open}>
        <p className="tour__intro">
          Each button posts a script as {actingName}. The demo model is not a language model: it does what the script
          says, line by line.
        </p>
        {shown.id === 'names' && names}
        <ol className="tour__list">
          {shown.scenarios.map((scenario, index) => (
            <li key={scenario.id} className="tour__item">
              <RunButton number={shown.from + index} scenario={scenario} disabled={busy} onRun={() => run(scenario)} />
              {/* Of one name: opening one folds the other, so that the buttons stay in sight. */}
              <details name="script" open={index === 0 && shown.id === 'first'}>
                <summary aria-label={`Script of ${scenario.title}`}>Script</summary>
                <pre>{scenario.text}</pre>
              </details>
              <p className="tour__note">
                <span className="tour__where">{placeInWords(scenario)}</span> {scenario.note}
              </p>
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

function placeInWords({ channel, inThreadOf }: Scenario): string {
  if (channel === DIRECT) return 'Direct message';
  return `#${channel}${inThreadOf === undefined ? '' : ', in that thread, as somebody else'}`;
}
