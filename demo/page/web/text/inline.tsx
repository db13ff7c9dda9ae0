import type { ReactNode } from 'react';
import { type Directory, useDirectory } from './directory.ts';
import { emojiOf } from './emoji.ts';

/** `mrkdwn` is Slack's own markup, `markdown` the standard one of its `markdown` block. */
export type Markup = 'mrkdwn' | 'markdown';

const CODE = '`(?<code>[^`\\n]+)`';
const SLACK = '<(?<entity>[@#!][^>\\s]*|(?:https?:|mailto:)[^>\\n]+)>';
const EMOJI = ':(?<emoji>[a-z0-9_+-]+):';

/** Slack takes a mark only where a word begins or ends: a `*` inside a shell command stays one. */
function slackMark(mark: string, name: string): string {
  return `(?<=^|[\\s("'])${mark}(?<${name}>[^\\s${mark}](?:[^${mark}\\n]*[^\\s${mark}])?)${mark}(?=$|[\\s)"'.,:;!?])`;
}

const PATTERNS: Readonly<Record<Markup, string>> = {
  mrkdwn: [CODE, SLACK, slackMark('\\*', 'bold'), slackMark('_', 'italic'), slackMark('~', 'strike'), EMOJI].join('|'),
  markdown: [
    CODE,
    SLACK,
    '\\[(?<label>[^\\]\\n]+)\\]\\((?<href>https?:[^)\\s]+)\\)',
    '(?<bare>https?://[^\\s<>)]+[^\\s<>).,;:!?])',
    '\\*\\*(?<bold>[^*\\n]+)\\*\\*',
    '(?<![\\w*])\\*(?<italic>[^\\s*][^*\\n]*)\\*(?!\\w)',
    '(?<!\\w)_(?<slanted>[^\\s_][^_\\n]*)_(?!\\w)',
    '~~(?<strike>[^~\\n]+)~~',
    EMOJI,
  ].join('|'),
};

/** One run of text. Everything becomes React elements: no HTML of anybody's is ever taken in. */
export function Inline({ text, markup }: { readonly text: string; readonly markup: Markup }) {
  return <>{renderInline(text, markup, useDirectory())}</>;
}

function renderInline(text: string, markup: Markup, names: Directory): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(new RegExp(PATTERNS[markup], 'g'))) {
    parts.push(unescapeText(text.slice(end, match.index)));
    parts.push(renderToken(match.groups ?? {}, match.index, markup, names));
    end = match.index + match[0].length;
  }
  parts.push(unescapeText(text.slice(end)));
  return parts;
}

function renderToken(groups: Record<string, string>, key: number, markup: Markup, names: Directory): ReactNode {
  const { code, entity, label, href, bare, bold, slanted, strike, emoji } = groups;
  const italic = groups.italic ?? slanted;
  if (code !== undefined) return <code key={key}>{unescapeText(code)}</code>;
  if (entity !== undefined) return renderEntity(entity, key, names);
  if (href !== undefined) return link(href, label ?? href, key);
  if (bare !== undefined) return link(bare, bare, key);
  if (bold !== undefined) return <strong key={key}>{renderInline(bold, markup, names)}</strong>;
  if (italic !== undefined) return <em key={key}>{renderInline(italic, markup, names)}</em>;
  if (strike !== undefined) return <s key={key}>{renderInline(strike, markup, names)}</s>;
  return <span key={key}>{emojiOf(emoji ?? '')}</span>;
}

/** `@U…`, `#C…|name`, `!here`, `https://…|label` (docs.slack.dev/messaging/formatting-message-text). */
function renderEntity(entity: string, key: number, names: Directory): ReactNode {
  const [target = '', label] = entity.split('|', 2);
  if (target.startsWith('@')) return mention(`@${names.person(target.slice(1))}`, key);
  if (target.startsWith('#')) return mention(`#${label ?? names.channel(target.slice(1))}`, key);
  if (target.startsWith('!')) return mention(label ?? `@${target.slice(1)}`, key);
  return link(unescapeText(target), unescapeText(label ?? target), key);
}

function mention(text: string, key: number): ReactNode {
  return (
    <span key={key} className="mention">
      {text}
    </span>
  );
}

function link(href: string, label: string, key: number): ReactNode {
  return (
    <a key={key} href={href} target="_blank" rel="noreferrer">
      {label}
    </a>
  );
}

/** Slack escapes three characters and no more (docs.slack.dev/messaging/formatting-message-text#escaping). */
export function unescapeText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
