import { type ReactNode, useId, useState } from 'react';
import { Elapsed } from '../../../../admin/web/parts/elapsed.tsx';

export interface HappenedRowProps {
  readonly title: string;
  readonly detail: string | null;
  readonly trouble?: boolean;
  /** Null while it has not begun. */
  readonly phase: { readonly startedAt: string; readonly endedAt: string | null } | null;
  /** The text that "Why?" opens. Null when there is nothing to explain. */
  readonly explain: (() => ReactNode) | null;
  readonly children?: ReactNode;
}

/** A moment of a turn with how long it took. */
export function HappenedRow({ title, detail, trouble = false, phase, explain, children }: HappenedRowProps) {
  const [open, setOpen] = useState(false);
  const panel = useId();
  const state = phase === null ? 'waiting' : phase.endedAt === null ? 'running' : trouble ? 'trouble' : 'done';
  return (
    <li className={`moment moment--${state}`}>
      <span className="moment__mark" aria-hidden="true">
        {state === 'running' && <span className="spinner" />}
      </span>
      <div className="moment__main">
        <div className="moment__line">
          <span className="moment__title">{title}</span>
          {detail && <span className="moment__detail">{detail}</span>}
          {explain && (
            <button
              type="button"
              className="button button--plain button--ask"
              aria-expanded={open}
              aria-controls={panel}
              aria-label={`Why? ${title}`}
              onClick={() => setOpen(!open)}
            >
              Why?
            </button>
          )}
          <span className="moment__time">{phase && <Elapsed from={phase.startedAt} to={phase.endedAt} />}</span>
        </div>
        {explain && (
          <div id={panel} hidden={!open}>
            {open && explain()}
          </div>
        )}
        {children}
      </div>
    </li>
  );
}
