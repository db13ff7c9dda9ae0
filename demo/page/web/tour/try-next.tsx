import type { Scenario } from '../../contract/page.ts';
import type { TourPart } from './parts.ts';
import { RunButton } from './run-button.tsx';
import { useRun } from './use-run.ts';

export interface TryNextProps {
  readonly part: TourPart;
  readonly onRun: (scenario: Scenario) => Promise<void>;
}

/** Repeats the buttons of the pinned message under an answer, so that they are easy to find. */
export function TryNext({ part, onRun }: TryNextProps) {
  const [busy, run] = useRun(onRun);
  return (
    <section className="try-next" aria-labelledby="try-next-title">
      <h3 id="try-next-title">Try next</h3>
      <ol>
        {part.scenarios.map((scenario, index) => (
          <li key={scenario.id}>
            <RunButton number={part.from + index} scenario={scenario} disabled={busy} onRun={() => run(scenario)} />
          </li>
        ))}
      </ol>
    </section>
  );
}
