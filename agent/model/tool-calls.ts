/** What all vendors need of a tool call, however the model wrote it. */
import { randomUUID } from 'node:crypto';
import { ModelError } from '../errors.ts';

/** Ids that every vendor takes, and that are too long to be counted from one. */
const ID = /^[A-Za-z0-9_-]{20,40}$/;

/** Calls of one answer. Each is a step that is stored and may be a command. No model asks for that many at once. */
const MOST_CALLS = 256;

/** @throws ModelError for an answer with too many */
export function assertFewCalls(count: number): void {
  if (count <= MOST_CALLS) return;
  throw new ModelError('ModelUnavailable', `the model's answer has more than ${MOST_CALLS} tool calls`);
}

/**
 * The id of a call. Some servers give none, or count from one in each answer, and others refuse the letters of these. Such
 * an id is replaced, since a result finds its call by it.
 */
export function callId(given: string | null | undefined): string {
  return given && ID.test(given) ? given : `call_${randomUUID().replaceAll('-', '')}`;
}

/** The arguments that a model wrote as JSON. What is no JSON object is kept as text, so that the tool refuses it with words. */
export function argumentsOf(json: string): Readonly<Record<string, unknown>> {
  if (json.trim() === '') return {};
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return objectOf(json);
  }
}

/** No vendor takes anything but an object as arguments, and a stored call is sent in every later request. */
export function objectOf(input: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return isObject ? (input as Record<string, unknown>) : { 'not an object': input };
}
