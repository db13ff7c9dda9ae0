import './text.css';
import { splitText, type TextBlock } from './blocks-of-text.ts';
import { Inline, type Markup, unescapeText } from './inline.tsx';

/** A message's text in either of Slack's markups. */
export function RichText({ text, markup }: { readonly text: string; readonly markup: Markup }) {
  return (
    <div className="rich">
      {numbered(splitText(text)).map(([key, block]) => (
        <Block key={key} block={block} markup={markup} />
      ))}
    </div>
  );
}

function Block({ block, markup }: { readonly block: TextBlock; readonly markup: Markup }) {
  switch (block.kind) {
    case 'code':
      return <pre>{unescapeText(block.text)}</pre>;
    case 'heading':
      return (
        <p className="rich__heading">
          <Inline text={block.text} markup={markup} />
        </p>
      );
    case 'rule':
      return <hr />;
    case 'quote':
      return (
        <blockquote>
          <Lines lines={block.lines} markup={markup} />
        </blockquote>
      );
    case 'list': {
      const items = numbered(block.items).map(([key, item]) => (
        <li key={key}>
          <Inline text={item} markup={markup} />
        </li>
      ));
      return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
    case 'table':
      return <Table head={block.head} rows={block.rows} markup={markup} />;
    case 'lines':
      return (
        <p>
          <Lines lines={block.lines} markup={markup} />
        </p>
      );
  }
}

function Lines({ lines, markup }: { readonly lines: readonly string[]; readonly markup: Markup }) {
  return numbered(lines).map(([key, line]) => (
    <span key={key} className="rich__line">
      <Inline text={line} markup={markup} />
    </span>
  ));
}

interface TableProps {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly markup: Markup;
}

function Table({ head, rows, markup }: TableProps) {
  return (
    <div className="rich__table">
      <table>
        <thead>
          <tr>
            {numbered(head).map(([key, cell]) => (
              <th key={key} scope="col">
                <Inline text={cell} markup={markup} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {numbered(rows).map(([key, row]) => (
            <tr key={key}>
              {numbered(row).map(([cellKey, cell]) => (
                <td key={cellKey}>
                  <Inline text={cell} markup={markup} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Pieces of one text have no identity but their place in it. */
function numbered<T>(items: readonly T[]): (readonly [string, T])[] {
  return items.map((item, index) => [String(index), item]);
}
