const ZERO_WIDTH = '\u200b';

/** Slack's own markup for whole channels and user groups, with or without the name it shows. */
const MASS_MENTION = /<!(channel|here|everyone|group|subteam\^[^<>|]*)(\|[^<>]*)?>/gi;
/** A Markdown link whose target Slack could read as a mention: `[x](!channel)`. */
const MENTION_LINK = /(\])(\(\s*<?\s*[!@#])/g;
const IMAGE = /!\[/g;

/**
 * Makes Markdown of the agent safe to post: it pings no whole channel and no user group, and shows no remote image
 * (an image becomes a link to it). Code is left as it is, but for what Slack would read as a mention even there.
 */
export function neutralise(markdown: string): string {
  const withoutPings = markdown.replace(MASS_MENTION, (_, target: string, label: string | undefined) => {
    const name = label ? label.slice(1).replace(/^@/, '') : target.replace(/\^.*/, '');
    return `@${ZERO_WIDTH}${name}`;
  });
  return outsideCode(withoutPings, (text) =>
    text.replace(IMAGE, '[').replace(MENTION_LINK, (_, close: string, open: string) => `${close}${ZERO_WIDTH}${open}`),
  );
}

/** Applies `change` to what is neither in a fence nor between backticks. */
export function outsideCode(markdown: string, change: (text: string) => string): string {
  const code =
    /(^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,3}\2[`~]*[ \t]*$|(?![\s\S]))|(`+)(?!`)[^\n]*?[^`]\3(?!`))/gm;
  let result = '';
  let end = 0;
  for (const match of markdown.matchAll(code)) {
    result += change(markdown.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  return result + change(markdown.slice(end));
}
