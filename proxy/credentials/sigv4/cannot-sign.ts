import { Refusal } from '../../refusal.ts';

/** A request of a form that cannot be signed for AWS. @param why the end of a sentence, for the model */
export function cannotSign(why: string): Refusal {
  return new Refusal('cannot_sign', `The request cannot be signed for AWS: ${why}.`);
}
