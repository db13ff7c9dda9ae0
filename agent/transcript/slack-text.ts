const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/**
 * What a person meant by a message as Slack sends it: links as their address, channels by their name, and the three
 * characters that Slack escapes as themselves. Mentions of people stay, so that they can be used again.
 * Source: https://docs.slack.dev/messaging/formatting-message-text
 */
export function plainTextOf(text: string): string {
  return text
    .replace(/<(?!@)([^<>\n|]+)(?:\|([^<>\n]*))?>/g, (_, target: string, label?: string) => linkText(target, label))
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);
}

function linkText(target: string, label: string | undefined): string {
  if (target.startsWith('#')) return label ? `#${label}` : target;
  if (target.startsWith('!')) return label ? label : `@${target.slice(1).split('^')[0]}`;
  const address = target.replace(/^mailto:/, '');
  if (!label || label === address) return address;
  // Slack makes links of bare names too: `acme.test` comes as <http://acme.test|acme.test>.
  return address.replace(/^https?:\/\//, '').replace(/\/$/, '') === label ? label : `${label} (${address})`;
}
