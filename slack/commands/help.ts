import type { Listen } from '../../access/document.ts';

/** What counts in a thread without a mention. */
const LISTENING: Readonly<Record<Listen, string>> = {
  everyone: 'In a thread I have joined, everybody can go on without mentioning me, unless they speak to somebody else.',
  requester: 'In a thread I have joined, who has mentioned me there can go on without it.',
  mentions: 'I only read what mentions me.',
};

/** The answer to `help`. */
export function helpText(
  bot: string,
  { isDirect, listen }: { readonly isDirect: boolean; readonly listen: Listen },
): string {
  const words = [
    'stop: ends what I am doing here. So does the Stop button.',
    'status: what I am doing here.',
    '!restart: begin anew. I read the thread again, with the instructions of now.',
    'access: what I can reach here, and in whose name.',
    'schedules: which tasks are scheduled here.',
    '!use: which models can be chosen for this thread, and how.',
    '!forget: what of this thread I can forget, with a button that does it.',
    ...(isDirect ? [] : ['mute, unmute: whether I listen in this thread to what does not mention me.']),
    'help: this list.',
  ];
  return [
    isDirect
      ? "Write to me what you want done, and I work on it here. For example: chart last week's signups"
      : `Mention me with what you want done, and I work on it in a thread: @${bot} chart last week's signups`,
    ...(isDirect ? [] : [LISTENING[listen]]),
    'These words I answer at once, when nothing else stands beside them. A ! before them does no harm; where you do not mention me, those with a ! here need it:',
    ...words.map((word) => `• ${word}`),
    ...(isDirect
      ? [
          'connections shows which accounts of your own I can use here, and connects one.',
          'instructions, model and limits show and change how I work for you here.',
        ]
      : []),
  ].join('\n');
}
