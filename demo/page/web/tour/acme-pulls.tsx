import { useEffect, useState } from 'react';
import type { PullView } from '../../contract/page.ts';
import { api } from '../api.ts';

const SHOWN = 5;
/** The account at the forge that belongs to the agent and to no person. */
const AGENT = 'bellhop';

/**
 * The pull requests that the forge has, and whose credential opened each.
 * @param stamp another value when there may be a new one
 */
export function AcmePulls({ stamp }: { readonly stamp: string }) {
  const [pulls, setPulls] = useState<readonly PullView[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `stamp` tells that something has changed
  useEffect(() => {
    let over = false;
    void api.pulls().then(
      (answer) => over || setPulls(answer.pulls),
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, [stamp]);
  if (pulls.length === 0) return null;
  return (
    <section className="acme-pulls" aria-labelledby="acme-pulls-title">
      <h4 id="acme-pulls-title">Pull requests of acme/shop, by whose credential</h4>
      <ul>
        {pulls.slice(0, SHOWN).map(({ number, title, draft, author, branch }) => (
          <li key={number}>
            <strong>{author}</strong>
            {author === AGENT ? ' (the agent)' : ''} · #{number} {title} {draft && <span className="tag">draft</span>}{' '}
            <code>{branch}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
