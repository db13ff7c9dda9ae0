import type { ReactNode } from 'react';
import type { SlackBlock } from '../../contract/slack.ts';
import type { Press } from '../api.ts';
import { RichText } from '../text/rich-text.tsx';

interface TextObject {
  readonly type?: string;
  readonly text?: string;
}

interface ButtonElement {
  readonly type: string;
  readonly action_id?: string;
  readonly value?: string;
  readonly text?: TextObject;
  readonly style?: string;
  readonly url?: string;
  readonly accessibility_label?: string;
}

type OnPress = (press: Press) => void;

export interface BlocksProps {
  readonly blocks: readonly SlackBlock[];
  /** Shown when there is no block this page can draw. */
  readonly fallback: string;
  readonly onPress: OnPress;
}

/** The Block Kit blocks that Bellhop sends (docs.slack.dev/reference/block-kit/blocks). */
export function Blocks({ blocks, fallback, onPress }: BlocksProps) {
  const drawn = blocks.flatMap((block, index) => {
    const content = drawBlock(block, onPress);
    return content === null ? [] : [<div key={String(index)}>{content}</div>];
  });
  if (drawn.length === 0) return <RichText text={fallback} markup="mrkdwn" />;
  return <div className="blocks">{drawn}</div>;
}

function drawBlock(block: SlackBlock, onPress: OnPress): ReactNode {
  switch (block.type) {
    case 'markdown':
      return <RichText text={String(block.text ?? '')} markup="markdown" />;
    case 'section':
      return <Section block={block} onPress={onPress} />;
    case 'header':
      return <TextOf value={block.text} strong />;
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
      return <Buttons of={elementsOf<ButtonElement>(block)} blockId={blockIdOf(block)} onPress={onPress} />;
    default:
      return null;
  }
}

/** Text, and perhaps one button beside it. */
function Section({ block, onPress }: { readonly block: SlackBlock; readonly onPress: OnPress }) {
  const accessory = block.accessory as ButtonElement | undefined;
  return (
    <div className={accessory ? 'blocks__section' : undefined}>
      <TextOf value={block.text} />
      {accessory && <Buttons of={[accessory]} blockId={blockIdOf(block)} onPress={onPress} />}
    </div>
  );
}

function TextOf({ value, strong = false }: { readonly value: unknown; readonly strong?: boolean }) {
  const { text = '', type } = (value ?? {}) as TextObject;
  if (type === 'plain_text' && !strong) return <p className="rich rich--plain">{text}</p>;
  return strong ? <strong>{text}</strong> : <RichText text={text} markup="mrkdwn" />;
}

interface ButtonsProps {
  readonly of: readonly ButtonElement[];
  readonly blockId: string | undefined;
  readonly onPress: OnPress;
}

const STYLES: Readonly<Record<string, string>> = { danger: ' button--danger', primary: ' button--main' };

function Buttons({ of, blockId, onPress }: ButtonsProps) {
  return (
    <div className="blocks__actions">
      {of
        .filter(({ type }) => type === 'button')
        .map(({ action_id: actionId = '', value, text, style = '', url, accessibility_label: label }) =>
          url ? (
            <a key={url} className="button" href={url} target="_blank" rel="noreferrer">
              {text?.text}
            </a>
          ) : (
            <button
              // Several buttons may have one action id, and then they have different values.
              key={`${actionId} ${value ?? ''}`}
              type="button"
              className={`button${STYLES[style] ?? ''}`}
              aria-label={label}
              onClick={() => onPress({ actionId, blockId, value })}
            >
              {text?.text}
            </button>
          ),
        )}
    </div>
  );
}

function blockIdOf(block: SlackBlock): string | undefined {
  return typeof block.block_id === 'string' ? block.block_id : undefined;
}

function elementsOf<T>(block: SlackBlock): readonly T[] {
  return Array.isArray(block.elements) ? (block.elements as T[]) : [];
}
