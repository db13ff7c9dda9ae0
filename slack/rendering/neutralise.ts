const ZERO_WIDTH = '\u200b';

/** What begins a mention of a channel, of everybody or of a user group, in whatever it stands, also as entities. */
const MENTION = /(?:<|&lt;?|&#0{0,5}60;?|&#x0{0,4}3c;?)(?=\\?(?:!|&excl;|&#0{0,5}33(?!\d)|&#x0{0,4}21(?![\da-f])))/gi;
/** A link, or what a reference stands for, whose target Slack could read as a mention: `[x](!channel)`, `[x]: !channel`. */
const MENTION_LINK = /\](?=[(:][\s<>]*[!@#\\&])/g;
/** An image from the web with one mark. Its mark can go: what is left is the link. */
const WEB_IMAGE = /(?<!!)!(?=\[[^[\]\n]{0,300}\]\(\s{0,9}<?https?:)/gi;
const IMAGE = /!(?=\[)/g;

/**
 * Makes Markdown of the agent safe to post: it pings no whole channel and no user group, and shows no remote image
 * (an image becomes a link to it). Code is treated alike: where code begins and ends is for Slack to say, and a guess
 * that differs would let a mention through. Other marks get a zero-width space and stay, since `![a][0]` in code means
 * something else without its mark. Takes time in proportion to the text.
 */
export function neutralise(markdown: string): string {
  return markdown
    .replace(WEB_IMAGE, '')
    .replace(IMAGE, `!${ZERO_WIDTH}`)
    .replace(MENTION_LINK, `]${ZERO_WIDTH}`)
    .replace(MENTION, `$&${ZERO_WIDTH}`);
}
