import { isGrpcServiceError } from '@temporalio/client';
import { openConnection } from './connection.ts';

const ANSWER_MS = 4_000;
/** gRPC status DEADLINE_EXCEEDED and UNAVAILABLE mean that no server answered. Any other status is an answer. */
const NO_ANSWER: readonly number[] = [4, 14];

/**
 * Asks a Temporal server once, over a channel of its own, whether it answers.
 *
 * @throws when nothing answers within four seconds
 */
export async function askTemporal(address: string): Promise<'serves'> {
  const connection = openConnection({ address });
  try {
    await connection.withDeadline(Date.now() + ANSWER_MS, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    if (!isGrpcServiceError(error) || NO_ANSWER.includes(error.code)) throw error;
  } finally {
    await connection.close();
  }
  return 'serves';
}
