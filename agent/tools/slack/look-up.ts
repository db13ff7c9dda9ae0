import { z } from 'zod';
import type { Found, NotAllowed } from '../../../contracts/slack-reading.ts';
import { defineSlackTool } from '../define-tool.ts';
import { said, type ToolOutcome } from '../tool.ts';
import { INFORMATION } from './show-messages.ts';

const NAME = z.string().trim().min(1).max(100);

export const findPeople = defineSlackTool({
  name: 'find_people',
  description:
    'Finds people of this workspace by a part of their name or title. Gives names, titles, time zones and ids.',
  schema: z.object({ name: NAME.describe('A part of the name or title.') }),
  parallel: true,
  async run({ room, session, turn }, { name }) {
    return listed(
      await room.people({ session, turn }, name),
      ({ id, name: shown, realName, title, zone, class: kind }) =>
        [`${shown} (${kind})`, realName !== shown && realName, title, zone, `id ${id}`].filter(Boolean).join(' · '),
    );
  },
});

export const findChannels = defineSlackTool({
  name: 'find_channels',
  description:
    'Finds public channels of this workspace by a part of their name or topic, and says whether I am in them.',
  schema: z.object({ name: NAME.describe('A part of the name or topic.') }),
  parallel: true,
  async run({ room, session, turn }, { name }) {
    return listed(await room.channels({ session, turn }, name), ({ name: shown, topic, shared, appIsMember }) =>
      [`#${shown}`, topic, shared && 'shared with another organization', appIsMember ? 'I am in it' : 'I am not in it']
        .filter(Boolean)
        .join(' · '),
    );
  },
});

function listed<Item>(answer: Found<Item> | NotAllowed, lineOf: (item: Item) => string): ToolOutcome {
  if ('refused' in answer) return said(answer.refused, true);
  if (answer.found.length === 0) return said('Nothing was found.');
  const lines = answer.found.map((item) => lineOf(item).replace(/\s+/g, ' ').slice(0, 400));
  return said(
    [
      INFORMATION,
      ...lines,
      ...(answer.more > 0 ? [`[… and ${answer.more} more; a longer name finds fewer …]`] : []),
    ].join('\n'),
  );
}
