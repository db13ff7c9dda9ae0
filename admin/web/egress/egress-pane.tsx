import './egress.css';
import { useEffect, useRef } from 'react';
import type { Outcome } from '../../../contracts/egress.ts';
import type { EgressItem } from './egress-item.ts';
import { EgressLegend } from './egress-legend.tsx';
import { EgressRow } from './egress-row.tsx';
import type { WhyAnswer } from './why-answer.ts';

export interface EgressPaneProps {
  /** Oldest first; null while it is not known. */
  readonly items: readonly EgressItem[] | null;
  /** Shown while there is nothing. */
  readonly empty: string;
  readonly askWhy: (event: string) => Promise<WhyAnswer>;
}

const OUTCOMES: readonly Outcome[] = ['injected', 'forwarded', 'blocked'];

/** Every request of a thread, live. */
export function EgressPane({ items, empty, askWhy }: EgressPaneProps) {
  const body = useRef<HTMLDivElement>(null);
  const count = items?.length ?? 0;

  // The newest row is at the end. A reader who has scrolled up stays there.
  useEffect(() => {
    const box = body.current;
    if (box && count > 0 && box.scrollHeight - box.scrollTop - box.clientHeight < 240) box.scrollTop = box.scrollHeight;
  }, [count]);

  return (
    <section className="pane egress" aria-labelledby="egress-title" id="egress">
      <header className="pane__head">
        <h2 className="pane__title" id="egress-title">
          Egress of this thread
        </h2>
        <p className="egress__counts" role="status">
          {countsInWords(items ?? [])}
        </p>
      </header>
      <EgressLegend />
      <div className="egress-columns" aria-hidden="true">
        <span>The sandbox sent</span>
        <span>Rule ← bundle ← scope</span>
        <span>The origin saw</span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="pane__body" ref={body} tabIndex={0} aria-label="Requests of this thread">
        {count === 0 ? (
          <p className="pane__empty">{empty}</p>
        ) : (
          <ol>
            {items?.map((item) => (
              <EgressRow key={item.event.id} item={item} askWhy={askWhy} />
            ))}
          </ol>
        )}
      </section>
    </section>
  );
}

/** The number of requests. One row may count many. */
function countsInWords(items: readonly EgressItem[]): string {
  const counts: Record<Outcome, number> = { injected: 0, forwarded: 0, blocked: 0 };
  for (const { event } of items) counts[event.outcome] += event.requests ?? 1;
  return OUTCOMES.map((outcome) => `${counts[outcome]} ${outcome}`).join(' · ');
}
