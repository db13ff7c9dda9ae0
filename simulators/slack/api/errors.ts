/** Errors of Slack's Web API that the simulator answers with, spelt as Slack spells them. */
export type SlackErrorCode =
  | 'already_reacted'
  | 'cant_delete_message'
  | 'cant_update_message'
  | 'channel_not_found'
  | 'exchanged_trigger_id'
  | 'expired_trigger_id'
  | 'bot_not_found'
  | 'file_not_found'
  | 'file_update_failed'
  | 'invalid_arguments'
  | 'invalid_auth'
  | 'invalid_blocks'
  | 'invalid_channel'
  | 'invalid_cursor'
  | 'invalid_json'
  | 'invalid_limit'
  | 'invalid_metadata_format'
  | 'invalid_name'
  | 'invalid_trigger_id'
  | 'invalid_types'
  | 'hash_conflict'
  | 'is_archived'
  | 'markdown_text_conflict'
  | 'message_not_found'
  | 'message_not_in_streaming_state'
  | 'message_not_owned_by_app'
  | 'metadata_too_large'
  | 'missing_recipient_team_id'
  | 'missing_recipient_user_id'
  | 'missing_scope'
  | 'msg_blocks_too_long'
  | 'msg_too_long'
  | 'no_reaction'
  | 'no_text'
  | 'not_allowed_token_type'
  | 'not_authed'
  | 'not_found'
  | 'not_in_channel'
  | 'ratelimited'
  | 'restricted_action'
  | 'streaming_state_conflict'
  | 'thread_not_found'
  | 'too_many_websockets'
  | 'unknown_method'
  | 'user_not_found'
  | 'user_not_in_channel';

/** A refusal that becomes `{ok: false, error}`. */
export class SlackError extends Error {
  readonly code: SlackErrorCode;
  /** What stands beside `error` in the answer. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: SlackErrorCode, details: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/** A refusal with the hints Slack gives a developer in `response_metadata.messages`. */
export function refusal(code: SlackErrorCode, hints: readonly string[]): SlackError {
  return new SlackError(code, {
    errors: hints,
    response_metadata: { messages: hints.map((hint) => `[ERROR] ${hint}`) },
  });
}
