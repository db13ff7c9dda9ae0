import './writing.css';
import { useRef, useState } from 'react';
import { api } from '../api.ts';
import type { ThreadPlace } from '../live/session.ts';

export interface ComposerProps {
  readonly acting: { readonly id: string; readonly name: string };
  readonly channel: string;
  /** `#general`, or a person's name. */
  readonly channelName: string;
  readonly threadTs: string | null;
  /** In a direct message Bellhop needs no tag. */
  readonly direct: boolean;
  readonly onPosted: (place: ThreadPlace, text: string) => void;
  readonly onError: (message: string) => void;
}

/** Writes as the chosen person. Enter posts, Shift+Enter begins a line. */
export function Composer({ acting, channel, channelName, threadTs, direct, onPosted, onError }: ComposerProps) {
  const [draft, setDraft] = useState('');
  const [busy, setBusy] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const where = { as: acting.id, channel, threadTs: threadTs ?? undefined };
  const label = `${threadTs ? 'Reply in this thread' : `Message ${channelName}`} as ${acting.name}`;
  const placeholder = threadTs
    ? 'Reply in this thread'
    : `Message ${channelName}${direct ? '' : '. Start with @bellhop'}`;

  async function attempt(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    await work().catch((error: Error) => onError(error.message));
    setBusy(false);
  }

  function send(): void {
    if (draft.trim() === '' || busy) return;
    void attempt(async () => {
      const { ts } = await api.say({ ...where, text: draft });
      setDraft('');
      onPosted({ channel, threadTs: threadTs ?? ts }, draft);
    });
  }

  function attach(file: File | undefined): void {
    if (!file) return;
    void attempt(async () => {
      await api.upload({ ...where, text: draft }, file);
      setDraft('');
      if (picker.current) picker.current.value = '';
    });
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        aria-label={label}
        placeholder={placeholder}
        rows={Math.min(9, Math.max(1, draft.split('\n').length))}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div className="composer__tools">
        <input
          ref={picker}
          className="visually-hidden"
          type="file"
          aria-label="File to attach"
          tabIndex={-1}
          onChange={(event) => attach(event.target.files?.[0])}
        />
        <button
          type="button"
          className="button button--plain"
          title="The file is posted at once, with what you have written"
          onClick={() => picker.current?.click()}
          disabled={busy}
        >
          Attach a file
        </button>
        <span className="composer__hint">Enter posts, Shift+Enter begins a line</span>
        <button type="submit" className="button button--main" disabled={busy || draft.trim() === ''}>
          Send
        </button>
      </div>
    </form>
  );
}
