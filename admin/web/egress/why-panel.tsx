import { useEffect, useRef, useState } from 'react';
import { OutcomeBadge } from '../parts/outcome-badge.tsx';
import type { Judgement, WhyAnswer, WhyStep } from './why-answer.ts';

const RESULTS: Readonly<Record<string, string>> = {
  matched: 'matches: this rule decides',
  host: 'is for another host',
  port: 'is for another port',
  scheme: 'is for another scheme',
  method: 'does not cover this method',
  path: 'does not cover this path',
  name: 'is for another tool',
  shadowed: 'not consulted: a narrower scope has a connection here',
};

export interface WhyPanelProps {
  readonly event: string;
  /** Asks for the explanation of an egress event. */
  readonly askWhy: (event: string) => Promise<WhyAnswer>;
}

/** Explains one decision: the reason, then each rule that was looked at, in order. */
export function WhyPanel({ event, askWhy }: WhyPanelProps) {
  const [answer, setAnswer] = useState<WhyAnswer | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (answer) box.current?.scrollIntoView({ block: 'nearest' });
  }, [answer]);

  useEffect(() => {
    let current = true;
    askWhy(event).then(
      (value) => current && setAnswer(value),
      (error: Error) => current && setFailure(error.message),
    );
    return () => {
      current = false;
    };
  }, [event, askWhy]);

  if (failure !== null) return <p className="why why--failed">{failure}</p>;
  if (!answer) return <p className="why">Asking …</p>;
  const walked = answer.atTheTime ?? answer.now;
  const changed = answer.now && answer.now.outcome !== answer.recorded.outcome ? answer.now : null;
  return (
    <div className="why" ref={box}>
      <p className="why__reason">{answer.recorded.reason}</p>
      {walked && <Walk steps={walked.walk} version={walked.policyVersion} />}
      {changed && <Changed now={changed} />}
    </div>
  );
}

function Walk({ steps, version }: { readonly steps: readonly WhyStep[]; readonly version: number }) {
  return (
    <>
      <p className="why__caption">Rules asked, in order, by policy version {version}</p>
      {steps.length === 0 ? (
        <p>There was no rule to ask.</p>
      ) : (
        <ol className="why__walk">
          {steps.map((step) => (
            <li key={`${step.rule} ${step.origin}`} className={step.result === 'matched' ? 'why__match' : undefined}>
              <code>{step.rule}</code>
              <span className="why__origin"> ← {step.origin}</span>
              <span className="why__result">{RESULTS[step.result] ?? step.result}</span>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

function Changed({ now }: { readonly now: Judgement }) {
  return (
    <p className="why__changed">
      The policy has changed since. By version {now.policyVersion} it would be <OutcomeBadge outcome={now.outcome} />
    </p>
  );
}
