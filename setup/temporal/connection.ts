import {
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  type GrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

/** The longest pause before a lost server is tried again. */
const LONGEST_PAUSE_MS = 2_000;
/** gRPC adds up to a fifth to each of its pauses at random. */
const JITTER = 0.2;
/** gRPC status RESOURCE_EXHAUSTED: the server asks for longer pauses. */
const RESOURCE_EXHAUSTED = 8;

/**
 * How a channel behaves while its server is away. By itself gRPC would wait up to 120 s between two tries, and would look a name up
 * again only every 30 s. Each channel has its connections to itself: channels of one process would otherwise share them with
 * their pauses, and a new channel to a server that is back would begin with the long pause of an old one.
 */
const CHANNEL = {
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': LONGEST_PAUSE_MS / (1 + JITTER),
  'grpc.dns_min_time_between_resolutions_ms': LONGEST_PAUSE_MS,
  'grpc.use_local_subchannel_pool': 1,
} as const;

/**
 * A connection that is made at its first call, and again whenever it was lost: at most two seconds after the server is back.
 *
 * @example
 * const connection = openConnection({ address: '127.0.0.1:7233' });
 * await connection.workflowService.getSystemInfo({});
 */
export function openConnection(options: ConnectionOptions): Connection {
  return Connection.lazy({
    ...options,
    channelArgs: { ...CHANNEL, ...options.channelArgs },
    interceptors: options.interceptors ?? [makeGrpcRetryInterceptor(withShortPauses(defaultGrpcRetryOptions()))],
  });
}

/** The same, after the server has answered. Leaves nothing behind when it does not. */
export async function connectOnce(options: ConnectionOptions): Promise<Connection> {
  const connection = openConnection(options);
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function withShortPauses(options: GrpcRetryOptions): GrpcRetryOptions {
  return {
    ...options,
    delayFunction(attempt, status) {
      const pause = options.delayFunction(attempt, status);
      return status.code === RESOURCE_EXHAUSTED ? pause : Math.min(pause, LONGEST_PAUSE_MS);
    },
  };
}
