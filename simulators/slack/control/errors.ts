/** Refusals of the control API, with stable codes. */
export type ControlErrorCode =
  | 'bad_request'
  | 'bad_token'
  | 'no_such_person'
  | 'no_such_channel'
  | 'no_such_message'
  | 'no_such_file'
  | 'no_such_action'
  | 'no_such_view'
  | 'bad_answer'
  | 'not_a_member'
  | 'not_the_author'
  | 'not_possible';

const STATUS: Readonly<Record<ControlErrorCode, number>> = {
  bad_request: 400,
  bad_token: 401,
  no_such_person: 404,
  no_such_channel: 404,
  no_such_message: 404,
  no_such_file: 404,
  no_such_action: 404,
  no_such_view: 404,
  bad_answer: 409,
  not_a_member: 403,
  not_the_author: 403,
  not_possible: 409,
};

export class ControlError extends Error {
  readonly code: ControlErrorCode;
  readonly status: number;

  constructor(code: ControlErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
  }
}
