import { useId, useState } from 'react';
import type { EgressItem } from '../../../../admin/web/egress/egress-item.ts';
import { isAway } from '../../../../admin/web/egress/is-away.ts';
import type { WhyAnswer } from '../../../../admin/web/egress/why-answer.ts';
import { WhyButton } from '../../../../admin/web/egress/why-button.tsx';
import { WhyPanel } from '../../../../admin/web/egress/why-panel.tsx';
import { OutcomeIcon } from '../../../../admin/web/parts/outcome-badge.tsx';

export interface RequestLineProps {
  readonly item: EgressItem;
  readonly askWhy: (event: string) => Promise<WhyAnswer>;
}

/** A request of a step, in one line. */
export function RequestLine({ item: { event }, askWhy }: RequestLineProps) {
  const [open, setOpen] = useState(false);
  const panel = useId();
  const { requests = 1 } = event;
  return (
    <div className="request-line">
      <p>
        <span className={`request-line__outcome request-line__outcome--${event.outcome}`}>
          <OutcomeIcon outcome={event.outcome} /> {event.outcome}
        </span>{' '}
        {event.method} {event.host}
        {isAway(event) && ' (the host is away)'}
        {requests > 1 && ` and ${(requests - 1).toLocaleString('en')} more`}
        <WhyButton event={event} panel={panel} open={open} onToggle={() => setOpen(!open)} />
      </p>
      <div id={panel} hidden={!open}>
        {open && <WhyPanel event={event.id} askWhy={askWhy} />}
      </div>
    </div>
  );
}
