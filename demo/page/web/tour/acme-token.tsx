import './tour.css';
import { useState } from 'react';
import type { SlackPerson } from '../../contract/slack.ts';
import { api } from '../api.ts';

/** What the forge's own page of access tokens would do: a token of this person, shown once. */
export function AcmeToken({ person }: { readonly person: SlackPerson }) {
  const [made, setMade] = useState<{ readonly person: string; readonly secret: string } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const shown = made?.person === person.id ? made : null;

  async function make(): Promise<void> {
    setProblem(null);
    setCopied(false);
    await api.acmeToken(person.id).then(
      ({ login, token }) => setMade({ person: person.id, secret: `${login}:${token}` }),
      (error: Error) => setProblem(error.message),
    );
  }

  return (
    <section className="acme-token" aria-label="A token of yours on the Acme forge">
      <p>
        <span className="tag">Acme forge, simulated</span>{' '}
        <button type="button" className="button" onClick={() => void make()}>
          Get a token of yours on the Acme forge
        </button>
      </p>
      <div aria-live="polite">
        {shown && (
          <>
            <p className="acme-token__secret">
              <code>{shown.secret}</code>
              <button
                type="button"
                className="button"
                onClick={() => void navigator.clipboard.writeText(shown.secret).then(() => setCopied(true))}
              >
                {copied ? 'Copied' : 'Copy'}
              </button>
            </p>
            <p className="acme-token__note">
              {person.realName}’s, shown this once: the forge keeps only its hash. Paste it into the form, never into a
              message.
            </p>
          </>
        )}
        {problem && <p className="input-block__problem">{problem}</p>}
      </div>
    </section>
  );
}
