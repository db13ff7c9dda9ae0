import './tour.css';
import { useState } from 'react';
import type { SlackPerson } from '../../contract/slack.ts';
import { api } from '../api.ts';

/** A way in which a service takes a token: with the login before it, or alone. */
export type TokenForm = 'login' | 'token';

export interface AcmeTokenProps {
  readonly person: SlackPerson;
  readonly forms: readonly TokenForm[];
}

interface Made {
  readonly person: string;
  readonly login: string;
  readonly token: string;
}

/** What Acme's own page of access tokens would do: a token of this person, shown once. */
export function AcmeToken({ person, forms }: AcmeTokenProps) {
  const [made, setMade] = useState<Made | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [copied, setCopied] = useState<TokenForm | null>(null);
  const shown = made?.person === person.id ? made : null;

  async function make(): Promise<void> {
    setProblem(null);
    setCopied(null);
    await api.acmeToken(person.id).then(
      ({ login, token }) => setMade({ person: person.id, login, token }),
      (error: Error) => setProblem(error.message),
    );
  }

  const copy = (from: Made, form: TokenForm) =>
    void navigator.clipboard.writeText(secretOf(from, form)).then(() => setCopied(form));

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
            {forms.map((form) => (
              <p key={form} className="acme-token__secret">
                {forms.length > 1 && <span>{FOR[form]}</span>}
                <code>{secretOf(shown, form)}</code>
                <button
                  type="button"
                  className="button"
                  aria-label={`Copy it for ${FOR[form]}`}
                  onClick={() => copy(shown, form)}
                >
                  {copied === form ? 'Copied' : 'Copy'}
                </button>
              </p>
            ))}
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

const FOR: Readonly<Record<TokenForm, string>> = { login: 'Gitea', token: 'acme-tools' };

function secretOf({ login, token }: Made, form: TokenForm): string {
  return form === 'login' ? `${login}:${token}` : token;
}
