/** New messages of people and bots; every other subtype tells of something that happened to a message or channel. */
export const SUBTYPES: ReadonlySet<unknown> = new Set([
  undefined,
  'file_share',
  'thread_broadcast',
  'me_message',
  'bot_message',
]);

/** Slack's names of messages: seconds and a counter. */
export function isTs(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,12}\.\d{1,9}$/.test(value);
}
