import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { SessionId } from '../contracts/ids.ts';

/** Whether a session's workflow is open. Throws when Temporal cannot be asked: nothing is closed that is not known to be. */
export async function isSessionOpen(client: Client, session: SessionId): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(session).describe();
    return status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
