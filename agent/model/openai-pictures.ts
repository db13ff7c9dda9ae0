/** How pictures and PDF are given to both of OpenAI's protocols, which take them from people only and not in results. */
import type { TextBlock } from '../../contracts/conversation.ts';
import type { PictureBlock, UserBlock } from './model.ts';

/** What stands behind the results of a message: what they show, each under a line that says so, then what people have said. */
export function partsBehindResults(blocks: readonly UserBlock[]): readonly (TextBlock | PictureBlock)[] {
  const shown = blocks.flatMap((block) => (block.type === 'tool_result' ? (block.pictures ?? []) : []));
  const said = blocks.flatMap((block) =>
    block.type === 'tool_result' || (block.type === 'text' && block.text.trim() === '') ? [] : [block],
  );
  return [...shown.flatMap((picture) => [lineOf(picture), picture]), ...said];
}

function lineOf({ label }: PictureBlock): TextBlock {
  return { type: 'text', text: `[shown by a tool: ${label}]` };
}

/** A picture or PDF as a `data:` URL (RFC 2397). */
export function dataUrl({ mediaType, data }: PictureBlock): string {
  return `data:${mediaType};base64,${data}`;
}

/** The vendor wants a name with its ending. */
export function fileName({ label }: PictureBlock): string {
  return label.slice(label.lastIndexOf('/') + 1) || 'file.pdf';
}
