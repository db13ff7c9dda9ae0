import type { World } from '../world/world.ts';

/**
 * What Slack's own client sends when a person types `typed`: `@name` and `#channel` become ids; addresses, host names and
 * e-mail become links; `&`, `<` and `>` are escaped. Slack's markup that is already there stays. In code only addresses change.
 * (docs.slack.dev/messaging/formatting-message-text)
 */
export function asSlackClientSends(typed: string, world: World): string {
  return typed
    .split(/(```[\s\S]*?```|`[^`\n]+`)/)
    .map((part, index) => compose(part, world, index % 2 === 1))
    .join('');
}

const MARKUP = /<(?:@|#|!|https?:|mailto:)[^>\s][^>]*>/;
const ADDRESS = /https?:\/\/[^\s<>`"']+/;
const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/;
/** Slack knows every top-level domain; these few stand for them. */
const BARE_HOST = /(?<![\w@/.-])(?:[\w-]+\.)+(?:com|org|net|io|dev)\b(?![\w-]|\.\w)(?:\/[^\s<>`"']*)?/;
const NAME = /(?<![\w.])[@#][\w.-]+/;
const TOKENS = new RegExp([MARKUP, ADDRESS, EMAIL, BARE_HOST, NAME, /[&<>]/].map((part) => part.source).join('|'), 'g');
const IN_CODE = new RegExp([MARKUP, ADDRESS, /[&<>]/].map((part) => part.source).join('|'), 'g');
const ENDS = /[.,;:!?)\]}]+$/;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function compose(text: string, world: World, isCode: boolean): string {
  return text.replace(isCode ? IN_CODE : TOKENS, (token) => {
    const escaped = ESCAPES[token];
    if (escaped !== undefined) return escaped;
    if (token.startsWith('<')) return token;
    if (token.startsWith('@') || token.startsWith('#')) return mention(token, world);
    // A full stop or bracket that ends the sentence is not part of the address.
    const end = ENDS.exec(token)?.[0] ?? '';
    const address = token.slice(0, token.length - end.length).replaceAll('&', '&amp;');
    return `<${link(address)}>${end}`;
  });
}

function link(address: string): string {
  if (/^https?:/.test(address)) return address;
  return address.includes('@') ? `mailto:${address}|${address}` : `http://${address}|${address}`;
}

function mention(token: string, world: World): string {
  const end = /[.-]+$/.exec(token)?.[0] ?? '';
  const name = token.slice(1, token.length - end.length);
  if (token.startsWith('#')) {
    const channel = world.channel(name);
    return channel === undefined ? token : `<#${channel.id}|${channel.name}>${end}`;
  }
  if (name === 'channel' || name === 'here' || name === 'everyone') return `<!${name}>${end}`;
  const person = world.person(name);
  return person === undefined ? token : `<@${person.id}>${end}`;
}
