import './writing.css';
import { useEffect, useRef, useState } from 'react';

export interface EditBoxProps {
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** Changes a message in place. Enter saves, Escape leaves it as it was; the focus goes back to where it came from. */
export function EditBox({ text, onSave, onCancel }: EditBoxProps) {
  const [draft, setDraft] = useState(text);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <div className="edit-box">
      <textarea
        ref={box}
        aria-label="Edit message"
        rows={Math.min(8, draft.split('\n').length + 1)}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onCancel();
          if (event.key === 'Enter' && !event.shiftKey && draft.trim() !== '') {
            event.preventDefault();
            onSave(draft);
          }
        }}
      />
      <button
        type="button"
        className="button button--main"
        disabled={draft.trim() === ''}
        onClick={() => onSave(draft)}
      >
        Save
      </button>
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}
