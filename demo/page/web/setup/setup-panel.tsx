import './setup.css';
import { Elapsed } from '../../../../admin/web/parts/elapsed.tsx';
import { formatDuration } from '../../../../admin/web/parts/times.ts';
import type { SetupState, SetupStep } from '../../../../contracts/setup-state.ts';
import { progressOf } from './progress.ts';

/** What is being prepared, step by step, with times. */
export function SetupPanel({ setup }: { readonly setup: SetupState | null }) {
  const finished = progressOf(setup) === 'finished';
  return (
    <section className={`setup ${finished ? 'setup--finished' : ''}`} aria-labelledby="setup-title" id="setup">
      <h2 id="setup-title">{finished ? 'How the set-up went' : 'Setting up'}</h2>
      {setup ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ol className="setup__steps" tabIndex={0} aria-labelledby="setup-title">
          {setup.steps.map((step) => (
            <Step key={step.id} step={step} />
          ))}
        </ol>
      ) : (
        <p className="setup__detail">Waiting for the first word of the set-up …</p>
      )}
    </section>
  );
}

const MARKS = { pending: '○', running: '', done: '✓', failed: '✕' } as const;
const WORDS = { pending: 'waiting', running: 'in progress', done: 'done', failed: 'failed' } as const;

function Step({ step }: { readonly step: SetupStep }) {
  return (
    <li className={`setup__step setup__step--${step.state}`}>
      <span className="setup__mark" aria-hidden="true">
        {step.state === 'running' ? <span className="spinner" /> : MARKS[step.state]}
      </span>
      <p className="setup__title">
        {step.title}
        <span className="visually-hidden">, {WORDS[step.state]}</span>
      </p>
      <p className="setup__detail" title={[step.detail, step.more].filter(Boolean).join('; ')}>
        {step.detail}
      </p>
      <p className="setup__time">
        <StepTime step={step} />
      </p>
    </li>
  );
}

function StepTime({ step }: { readonly step: SetupStep }) {
  if (step.state === 'running' && step.startedAt) return <Elapsed from={step.startedAt} to={null} />;
  return step.ms === undefined ? null : formatDuration(step.ms);
}
