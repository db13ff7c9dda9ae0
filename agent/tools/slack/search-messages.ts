import { z } from 'zod';
import { capForModel } from '../cap-output.ts';
import { defineSlackTool } from '../define-tool.ts';
import { said } from '../tool.ts';
import { CHANNEL } from './read-places.ts';
import { INFORMATION, messageLine } from './show-messages.ts';

/** How much of a hit is shown. The tool read_message gives the rest. */
const SHOWN_CHARACTERS = 800;

export const searchMessages = defineSlackTool({
  name: 'search_messages',
  description: [
    'Searches the newest messages of the public channels I am in, and the replies of their newest threads, for words in any order. With `channel` it searches further back, in that channel alone.',
    'It is no search of everything: the answer says what was searched and how far back, and you tell the person where that matters.',
  ].join(' '),
  schema: z.object({
    words: z.string().trim().min(2).max(200).describe('Words that must all occur in a message.'),
    channel: CHANNEL.optional().describe('Only this channel, such as #general.'),
  }),
  parallel: true,
  async run({ room, session, turn }, wish, signal) {
    const result = await room.search({ session, turn }, wish, signal);
    if ('refused' in result) return said(result.refused, true);
    const { hits, more, searched } = result;
    const lines = hits.map(({ place, ...hit }) => {
      const text = hit.text.length > SHOWN_CHARACTERS ? `${hit.text.slice(0, SHOWN_CHARACTERS)} […]` : hit.text;
      return `${messageLine({ ...hit, text: `${text} [${place}, ${hit.link}]` })}`;
    });
    const head = hits.length === 0 ? 'No message was found.' : `Newest first. ${INFORMATION}`;
    const rest = more > 0 ? [`[… ${more} older ${more === 1 ? 'hit' : 'hits'} left out …]`] : [];
    const { text, truncated } = capForModel([...searched, head, ...lines, ...rest].join('\n'));
    return { text, isError: false, exitCode: null, output: null, truncated };
  },
});
