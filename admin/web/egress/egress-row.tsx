import { useId, useState } from 'react';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { OutcomeBadge } from '../parts/outcome-badge.tsx';
import { formatClock, formatDuration } from '../parts/times.ts';
import type { EgressItem } from './egress-item.ts';
import { isAway } from './is-away.ts';
import type { WhyAnswer } from './why-answer.ts';
import { WhyButton } from './why-button.tsx';
import { WhyPanel } from './why-panel.tsx';

export interface EgressRowProps {
  readonly item: EgressItem;
  readonly askWhy: (event: string) => Promise<WhyAnswer>;
}

/** One request: what the sandbox sent, what was decided by which rule, and what its destination saw. */
export function EgressRow({ item, askWhy }: EgressRowProps) {
  const [open, setOpen] = useState(false);
  const panel = useId();
  const { event } = item;
  return (
    <li className={`egress-row egress-row--${event.outcome}`}>
      <div className="egress-row__cells">
        <Sent event={event} />
        <Decided item={item} />
        <Received item={item} />
        <div className="egress-row__end">
          <WhyButton event={event} panel={panel} open={open} onToggle={() => setOpen(!open)} />
          <time className="egress-row__small" dateTime={event.at}>
            {formatClock(event.at)}
          </time>
        </div>
      </div>
      <div id={panel} hidden={!open} className="egress-row__panel">
        {open && <WhyPanel event={event.id} askWhy={askWhy} />}
      </div>
    </li>
  );
}

function Sent({ event }: { readonly event: EgressEvent }) {
  const { requests = 1 } = event;
  return (
    <div className="egress-row__sent">
      <p className="egress-row__line" title={urlOf(event)}>
        <span className="egress-row__method">{event.method}</span> {event.host}
        {portSuffix(event)}
        {requests > 1 && <strong className="egress-row__more"> and {(requests - 1).toLocaleString('en')} more</strong>}
      </p>
      <p className="egress-row__path" title={event.path}>
        {event.transport === 'tunnel' ? 'tunnel, path not seen' : event.path}
      </p>
      {event.tool && (
        <p className="egress-row__small">
          tool {event.connection}.{event.tool}
        </p>
      )}
      <p className="egress-row__small">{ownCredentialInWords(event)}</p>
    </div>
  );
}

function Decided({ item: { event, scopeLabel } }: { readonly item: EgressItem }) {
  const chain = [event.rule, event.bundle, scopeLabel ?? event.ruleScope].filter((each) => each !== null);
  return (
    <div className="egress-row__decided">
      <OutcomeBadge outcome={event.outcome} />
      <p className="egress-row__chain">
        {chain.length > 0 ? chain.join(' ← ') : event.code === 'not_allowed' ? 'no rule allows it' : event.reason}
      </p>
    </div>
  );
}

function Received({ item: { event, origin, hits } }: { readonly item: EgressItem }) {
  if (event.outcome === 'blocked') {
    return (
      <div className="egress-row__received">
        <p>nothing</p>
        <p className="egress-row__small">
          {isAway(event)
            ? `allowed, but the host is away (${event.code})`
            : hits === null
              ? `answered ${event.status ?? '–'} here`
              : hitsInWords(hits)}
        </p>
      </div>
    );
  }
  return (
    <div className="egress-row__received">
      <p>{origin ? <Credential origin={origin} /> : event.outcome === 'injected' ? 'a credential' : 'no credential'}</p>
      <p className="egress-row__small">
        {origin?.caller && `${origin.caller} · `}
        {event.status ?? 'no answer'} · {formatDuration(event.durationMs)}
      </p>
    </div>
  );
}

function Credential({ origin }: { readonly origin: NonNullable<EgressItem['origin']> }) {
  if (origin.credential === null) return <>no Authorization</>;
  return (
    <>
      <code>{origin.credential}</code>{' '}
      <code className="egress-row__print" title="First digits of the credential's SHA-256, to recognise it by">
        {origin.fingerprint}
      </code>
    </>
  );
}

function ownCredentialInWords({ ownCredentials, method, transport }: EgressEvent): string {
  if (typeof ownCredentials === 'boolean') return ownCredentials ? 'with a credential of its own' : 'no Authorization';
  return method === 'CONNECT' || transport === 'tunnel' ? 'headers not seen' : '';
}

/** The destination's count is of all requests to it. This one did not get there, so what it counted are others. */
function hitsInWords(hits: number): string {
  if (hits === 0) return '0 hits there';
  return hits === 1
    ? 'not this one: 1 hit there, of another request'
    : `not this one: ${hits} hits there, of other requests`;
}

function portSuffix({ scheme, port }: EgressEvent): string {
  return port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`;
}

function urlOf(event: EgressEvent): string {
  return `${event.scheme}://${event.host}${portSuffix(event)}${event.path}`;
}
