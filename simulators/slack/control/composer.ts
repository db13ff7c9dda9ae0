import type { World } from '../world/world.ts';

/**
 * What Slack's own client sends when a person types `typed`: `@name` and `#channel` become ids, bare addresses become
 * links, `&`, `<` and `>` are escaped. Slack's markup that is already there stays. Inside code only addresses change.
 * (docs.slack.dev/messaging/formatting-message-text)
 */
export function asSlackClientSends(typed: string, world: World): string {
  return typed
    .split(/(```[\s\S]*?```|`[^`\n]+`)/)
    .map((part, index) => compose(part, world, index % 2 === 1))
    .join('');
}

const TOKENS = /<(?:@|#|!|https?:|mailto:)[^>\s][^>]*>|https?:\/\/[^\s<>`"']+|(?<![\w.])[@#][\w.-]+|[&<>]/g;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function compose(text: string, world: World, isCode: boolean): string {
  return text.replace(TOKENS, (token) => {
    const escaped = ESCAPES[token];
    if (escaped !== undefined) return escaped;
    if (token.startsWith('<')) return token;
    if (token.startsWith('http')) return link(token);
    return isCode ? token : mention(token, world);
  });
}

/** A full stop or bracket that ends the sentence is not part of the address. */
function link(token: string): string {
  const end = /[.,;:!?)\]}]+$/.exec(token)?.[0] ?? '';
  const address = token.slice(0, token.length - end.length).replaceAll('&', '&amp;');
  return `<${address}>${end}`;
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
