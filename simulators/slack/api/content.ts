import { blockId } from '../world/ids.ts';
import type { Block, MessageMetadata } from '../world/types.ts';
import type { Arguments } from './arguments.ts';
import { blockProblems, totalText } from './block-checks.ts';
import { refusal, SlackError } from './errors.ts';

/** What a message says, checked; a field is undefined when the call did not give it. */
export interface Content {
  readonly text: string | undefined;
  readonly blocks: readonly Block[] | undefined;
  readonly attachments: readonly unknown[] | undefined;
}

/** The longest text of a new message; Slack's documentation says 40,000. */
export const MOST_TEXT = 40_000;
/**
 * The longest text of an edit. Documented nowhere; in practice longer ones are refused where a new message would be
 * taken, as users of other bots found.
 */
export const MOST_EDITED_TEXT = 4_000;
export const MOST_MARKDOWN_TEXT = 12_000;
/** No documentation says this. Users of Bolt found it by trying. */
const MOST_TEXT_OF_BLOCKS = 13_200;
const MOST_METADATA = 16_000;

/** Reads and checks text, blocks and attachments of a call. */
export function readContent(args: Arguments, mostText: number): Content {
  const markdown = args.text('markdown_text');
  const given = args.text('text');
  const blocks = readBlocks(args.json('blocks'));
  if (markdown !== undefined) {
    if (given !== undefined || blocks !== undefined) throw new SlackError('markdown_text_conflict');
    if (markdown.length > MOST_MARKDOWN_TEXT) throw new SlackError('msg_too_long');
    return { text: markdown, blocks: [{ type: 'markdown', block_id: blockId(), text: markdown }], attachments: [] };
  }
  if (given !== undefined && given.length > mostText) throw new SlackError('msg_too_long');
  const attachments = args.json('attachments');
  if (attachments !== undefined && !Array.isArray(attachments)) {
    throw refusal('invalid_arguments', ['must be an array [json-pointer:/attachments]']);
  }
  return { text: given, blocks, attachments };
}

/**
 * Checked blocks, each with a `block_id`; undefined when none were given.
 * @throws SlackError `invalid_blocks`, `msg_blocks_too_long`
 */
export function readBlocks(value: unknown): readonly Block[] | undefined {
  if (value === undefined) return undefined;
  const problems = blockProblems(value);
  if (problems.length > 0) throw refusal('invalid_blocks', problems);
  if (totalText(value) > MOST_TEXT_OF_BLOCKS) throw new SlackError('msg_blocks_too_long');
  return (value as Block[]).map((block) => ({ ...block, block_id: block.block_id ?? blockId() }));
}

/** Whether Slack would answer `no_text`: an attachment or a block is content too. */
export function isEmpty(content: Content): boolean {
  return !content.text?.trim() && !content.blocks?.length && !content.attachments?.length;
}

/** Metadata of a call: undefined when not given, null for the empty object that removes it. */
export function readMetadata(args: Arguments): MessageMetadata | null | undefined {
  const value = args.json('metadata');
  if (value === undefined) return undefined;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new SlackError('invalid_metadata_format');
  }
  if (Object.keys(value).length === 0) return null;
  const { event_type, event_payload } = value as Record<string, unknown>;
  const isPayload = event_payload !== null && typeof event_payload === 'object' && !Array.isArray(event_payload);
  if (typeof event_type !== 'string' || event_type === '' || !isPayload) {
    throw new SlackError('invalid_metadata_format');
  }
  if (JSON.stringify(value).length > MOST_METADATA) throw new SlackError('metadata_too_large');
  return { event_type, event_payload: { ...event_payload } };
}
