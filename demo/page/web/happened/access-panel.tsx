import { useEffect, useState } from 'react';
import type { AccessView } from '../../contract/thread.ts';
import { api } from '../api.ts';
import { identityInWords } from '../slack/reach-in-words.ts';

const OUTCOMES = { inject: 'injected', forward: 'forwarded', deny: 'blocked' } as const;

export interface AccessPanelProps {
  readonly session: string;
  readonly turn: number;
  readonly nameOf: (person: string) => string;
}

/** In whose name a turn acted and what it could reach when it began, each item with its origin. */
export function AccessPanel({ session, turn, nameOf }: AccessPanelProps) {
  const [access, setAccess] = useState<AccessView | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  useEffect(() => {
    api.access(session, turn).then(setAccess, (error: Error) => setFailure(error.message));
  }, [session, turn]);

  if (failure) return <p className="why why--failed">{failure}</p>;
  if (!access) return <p className="why">Asking …</p>;
  return (
    <div className="why">
      <p>
        <strong>{identityInWords(access.identity, nameOf)}</strong>{' '}
        {access.rules.length === 0
          ? 'Nothing is attached here: every request is blocked.'
          : 'What this place can reach:'}
      </p>
      <ul className="why__walk">
        {access.rules.map((rule) => (
          <li key={`${rule.rule} ${rule.origin}`} className="access-rule">
            <span className={`request-line__outcome--${OUTCOMES[rule.action]}`}>{rule.action}</span>
            <span>{rule.covers}</span>
            <span className="why__origin">
              {rule.rule} ← {rule.origin}
            </span>
          </li>
        ))}
        {access.guardrails.map((guardrail) => (
          <li key={guardrail} className="access-rule">
            <span className="request-line__outcome--blocked">deny</span>
            <span>{guardrail}</span>
            <span className="why__origin">guardrail ← organization</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
