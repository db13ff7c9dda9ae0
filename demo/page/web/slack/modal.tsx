import './modal.css';
import { type FormEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import type { SlackPerson, SlackView } from '../../contract/slack.ts';
import { api } from '../api.ts';
import { AcmeToken } from '../tour/acme-token.tsx';
import { Blocks } from './blocks.tsx';
import { InputBlock, inputsOf } from './input-block.tsx';

export interface ModalProps {
  readonly view: SlackView;
  /** The person who has it open. */
  readonly acting: SlackPerson;
}

const MISSING = 'Please complete this required field.';

/**
 * A modal of the agent as Slack's client shows it. The browser's own dialog keeps the focus in it, closes it by Escape and
 * gives the focus back to where it came from.
 */
export function Modal({ view, acting }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const inputs = inputsOf(view.blocks);
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(inputs.map(({ actionId, initial }) => [actionId, initial])),
  );
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);

  // Before the element is taken away: a dialog that is gone gives no focus back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  useEffect(() => {
    if (Object.keys(problems).length > 0) {
      dialog.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [problems]);

  const dismiss = () => void api.dismiss(acting.id).catch((error: Error) => setProblems({ '': error.message }));

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const missing = inputs.filter(({ actionId, optional }) => !optional && !values[actionId]);
    if (missing.length > 0) return setProblems(Object.fromEntries(missing.map(({ blockId }) => [blockId, MISSING])));
    setBusy(true);
    const { errors } = await api
      .submit({ as: acting.id, values })
      .catch((error: Error) => ({ errors: { '': error.message } }));
    setBusy(false);
    setProblems(errors);
  }

  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        dismiss();
      }}
    >
      <form onSubmit={(event) => void submit(event)} noValidate>
        <header className="modal__head">
          <h2 id={title}>{view.title}</h2>
          <button type="button" className="button button--plain" aria-label="Close this form" onClick={dismiss}>
            ✕
          </button>
        </header>
        <div className="modal__body">
          {view.blocks.map((block, index) => {
            const input = inputs.find(({ blockId }) => block.type === 'input' && blockId === block.block_id);
            if (!input) return <Blocks key={String(index)} blocks={[block]} fallback="" onPress={() => undefined} />;
            return (
              <InputBlock
                key={input.blockId}
                input={input}
                value={values[input.actionId] ?? ''}
                problem={problems[input.blockId]}
                onChange={(value) => setValues({ ...values, [input.actionId]: value })}
              />
            );
          })}
          <div role="alert">{problems[''] && <p className="input-block__problem">{problems['']}</p>}</div>
        </div>
        <footer className="modal__foot">
          <button type="button" className="button" onClick={dismiss}>
            {view.close ?? 'Close'}
          </button>
          {view.submit && (
            <button type="submit" className="button button--main" disabled={busy}>
              {view.submit}
            </button>
          )}
        </footer>
      </form>
      {inputs.some(({ label }) => label === 'Token') && (
        <AcmeToken person={acting} forms={[asksForLogin(view) ? 'login' : 'token']} />
      )}
    </dialog>
  );
}

/** Its words ask for `user:token`. */
function asksForLogin({ blocks }: SlackView): boolean {
  return JSON.stringify(blocks).includes('user:token');
}
