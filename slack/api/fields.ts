/** What comes from Slack, before anything is known of it. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of an object. None for everything that is no object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** Where Slack's next page begins. Undefined after the last one (docs.slack.dev, "Pagination"). */
export function nextCursor(answer: Fields): string | undefined {
  const { next_cursor: cursor } = fieldsOf(answer.response_metadata);
  return typeof cursor === 'string' && cursor !== '' ? cursor : undefined;
}
