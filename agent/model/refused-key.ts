import { ModelError } from '../errors.ts';
import type { Model } from './model.ts';

/**
 * The same model, whose refused key is reported with the name of the model and with what an operator can do. The vendor's words name neither.
 *
 * @param of what the model is called where its key is set, such as `the model large`
 * @param remedy what the operator does about it
 */
export function reportingRefusedKey(model: Model, of: string, remedy: string): Model {
  return {
    ...model,
    async call(request) {
      try {
        return await model.call(request);
      } catch (error) {
        if (!(error instanceof ModelError) || error.code !== 'ModelUnauthorized') throw error;
        const { status, retryAfterMs, message } = error;
        const words = `the vendor refused the key of ${of} (${model.name}), or its account has no money left; ${remedy}; it said: ${message}`;
        throw new ModelError('ModelUnauthorized', words, {
          ...(status !== null && { status }),
          retryAfterMs,
          cause: error,
        });
      }
    },
  };
}
