import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, type ConnectionOptions, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { NAMESPACE, SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { connectOnce } from './connection.ts';

/** gRPC status NOT_FOUND. */
const NOT_FOUND = 5;
/** temporal.api.enums.v1.IndexedValueType INDEXED_VALUE_TYPE_KEYWORD. */
const KEYWORD = 2;
const RETENTION_HOURS = 720;

/** Which of the things that Bellhop needs a server has. */
export interface NamespaceState {
  readonly exists: boolean;
  /** Zero when the namespace is missing. */
  readonly retentionHours: number;
  readonly missingAttributes: readonly string[];
}

/** What a server has of all that Bellhop needs. Changes nothing. */
export async function inspectNamespace(connection: Connection, namespace: string): Promise<NamespaceState> {
  const described = await connection.workflowService.describeNamespace({ namespace }).catch((error: unknown) => {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined;
    throw error;
  });
  if (!described) return { exists: false, retentionHours: 0, missingAttributes: SEARCH_ATTRIBUTES };
  const seconds = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const isKeyword = (name: string) => customAttributes?.[name] === KEYWORD;
  return {
    exists: true,
    retentionHours: Math.floor(seconds / 3600),
    missingAttributes: SEARCH_ATTRIBUTES.filter((name) => !isKeyword(name)),
  };
}

/**
 * Gives a server of our own what it lacks, as soon as it answers, and returns what it then has, in words. A server that has just
 * started may be making the same namespace itself, so a refusal is tried again until `signal` aborts.
 *
 * @throws the last error, once `signal` has aborted
 */
export async function provideNamespaceAt(address: string, signal: AbortSignal): Promise<string> {
  const connection = await connectUntil({ address }, signal);
  try {
    for (;;) {
      try {
        return await provideNamespace(connection, NAMESPACE);
      } catch (error) {
        if (signal.aborted) throw error;
        await sleep(100);
      }
    }
  } finally {
    await connection.close();
  }
}

async function provideNamespace(connection: Connection, namespace: string): Promise<string> {
  const state = await inspectNamespace(connection, namespace);
  const retention = msToTs(RETENTION_HOURS * 3_600_000);
  if (!state.exists) {
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention });
  } else if (state.retentionHours !== RETENTION_HOURS) {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: retention },
    });
  }
  if (state.missingAttributes.length > 0) {
    const searchAttributes = Object.fromEntries(state.missingAttributes.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  }
  return `namespace ${namespace}, history kept ${RETENTION_HOURS / 24} days`;
}

/** The commands by which somebody adds what their server lacks. Empty when it lacks nothing. */
export function commandsForLacks(state: NamespaceState, namespace: string, address: string): string[] {
  const at = `--namespace ${namespace} --address ${address}`;
  const commands: string[] = [];
  if (!state.exists) commands.push(`temporal operator namespace create --retention ${RETENTION_HOURS}h ${at}`);
  if (state.missingAttributes.length > 0) {
    const attributes = state.missingAttributes.map((name) => `--name ${name} --type Keyword`).join(' ');
    commands.push(`temporal operator search-attribute create ${attributes} ${at}`);
  }
  return commands;
}

/**
 * Connects, and tries again until the server answers. Each try is a channel of its own.
 *
 * @throws the last error, once `signal` has aborted
 */
export async function connectUntil(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
  for (;;) {
    try {
      return await connectOnce({ ...options, connectTimeout: 2_000 });
    } catch (error) {
      if (signal.aborted) throw error;
      await sleep(100);
    }
  }
}
