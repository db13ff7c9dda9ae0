export interface OpenItHintProps {
  readonly host: string;
  readonly accessFile: string;
  readonly onRepeat: () => void;
}

/** After a blocked request: what an administrator would change, and the same question once more. */
export function OpenItHint({ host, accessFile, onRepeat }: OpenItHintProps) {
  return (
    <aside className="hint" aria-labelledby="hint-title">
      <h3 id="hint-title">Blocked, as the access file says. Now let it pass:</h3>
      <ol>
        <li>
          In <code>{accessFile}</code>, take the first <code>#</code> away from the line with <code>{host}</code>.
        </li>
        <li>
          In a terminal, run <code>./bellhop apply {accessFile}</code>
        </li>
        <li>
          <button type="button" className="button" onClick={onRepeat}>
            Repeat in this thread
          </button>
        </li>
      </ol>
    </aside>
  );
}
