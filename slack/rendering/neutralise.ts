const ZERO_WIDTH = '\u200b';

/** The beginning of a mention of a channel, of everybody or of a user group, also written with entities. */
const MENTION = /(?:<|&lt;?|&#0{0,5}60;?|&#x0{0,4}3c;?)(?=\\?(?:!|&excl;|&#0{0,5}33(?!\d)|&#x0{0,4}21(?![\da-f])))/gi;
/** A link, or the definition of one, whose target Slack could read as a mention: `[x](!channel)`, `[x]: !channel`. */
const MENTION_LINK = /\](?=[(:][\s<>]*[!@#\\&])/g;
/** An image from the web with one `!`. Without the `!` it is an ordinary link. */
const WEB_IMAGE = /(?<!!)!(?=\[[^[\]\n]{0,300}\]\(\s{0,9}<?https?:)/gi;
const IMAGE = /!(?=\[)/g;

/**
 * Makes Markdown of the agent safe to post. It mentions no whole channel and no user group, and it shows no remote
 * image: an image becomes a link. Code is treated the same way, because Slack decides where code begins and ends, and a
 * wrong guess would let a mention through. Any other `!` before `[` stays and gets a zero-width space, because
 * `![a][0]` in code would mean something else without it. The time is proportional to the length of the text.
 */
export function neutralise(markdown: string): string {
  return markdown
    .replace(WEB_IMAGE, '')
    .replace(IMAGE, `!${ZERO_WIDTH}`)
    .replace(MENTION_LINK, `]${ZERO_WIDTH}`)
    .replace(MENTION, `$&${ZERO_WIDTH}`);
}
