import type { ReactNode } from 'react';
import type { SlackBlock } from '../../contract/slack.ts';
import { RichText } from '../text/rich-text.tsx';

interface TextObject {
  readonly type?: string;
  readonly text?: string;
}

interface ButtonElement {
  readonly type: string;
  readonly action_id?: string;
  readonly text?: TextObject;
  readonly style?: string;
  readonly url?: string;
}

export interface BlocksProps {
  readonly blocks: readonly SlackBlock[];
  /** Shown when there is no block this page can draw. */
  readonly fallback: string;
  readonly onClick: (actionId: string, blockId: string | undefined) => void;
}

/** The Block Kit blocks that Bellhop sends (docs.slack.dev/reference/block-kit/blocks). */
export function Blocks({ blocks, fallback, onClick }: BlocksProps) {
  const drawn = blocks.flatMap((block, index) => {
    const content = drawBlock(block, onClick);
    return content === null ? [] : [<div key={String(index)}>{content}</div>];
  });
  if (drawn.length === 0) return <RichText text={fallback} markup="mrkdwn" />;
  return <div className="blocks">{drawn}</div>;
}

function drawBlock(block: SlackBlock, onClick: BlocksProps['onClick']): ReactNode {
  switch (block.type) {
    case 'markdown':
      return <RichText text={String(block.text ?? '')} markup="markdown" />;
    case 'section':
    case 'header':
      return <TextOf value={block.text} strong={block.type === 'header'} />;
    case 'context':
      return (
        <div className="blocks__context">
          {elementsOf<TextObject>(block).map((element, index) => (
            <TextOf key={String(index)} value={element} />
          ))}
        </div>
      );
    case 'divider':
      return <hr />;
    case 'actions':
      return <Actions block={block} onClick={onClick} />;
    default:
      return null;
  }
}

function TextOf({ value, strong = false }: { readonly value: unknown; readonly strong?: boolean }) {
  const { text = '' } = (value ?? {}) as TextObject;
  return strong ? <strong>{text}</strong> : <RichText text={text} markup="mrkdwn" />;
}

function Actions({ block, onClick }: { readonly block: SlackBlock; readonly onClick: BlocksProps['onClick'] }) {
  const blockId = typeof block.block_id === 'string' ? block.block_id : undefined;
  return (
    <div className="blocks__actions">
      {elementsOf<ButtonElement>(block)
        .filter((element) => element.type === 'button')
        .map((element) =>
          element.url ? (
            <a key={element.url} className="button" href={element.url} target="_blank" rel="noreferrer">
              {element.text?.text}
            </a>
          ) : (
            <button
              key={element.action_id}
              type="button"
              className={`button ${element.style === 'danger' ? 'button--danger' : ''}`}
              onClick={() => onClick(element.action_id ?? '', blockId)}
            >
              {element.text?.text}
            </button>
          ),
        )}
    </div>
  );
}

function elementsOf<T>(block: SlackBlock): readonly T[] {
  return Array.isArray(block.elements) ? (block.elements as T[]) : [];
}
