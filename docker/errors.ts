/** Everything that can go wrong between us and a Docker Engine. The codes are stable; messages say what to do. */
export type DockerErrorCode =
  | 'EngineUnavailable'
  | 'EngineUnsuitable'
  | 'EngineRefused'
  | 'RuntimeMissing'
  | 'ImageMissing'
  | 'ImageBuildFailed'
  | 'ImagePullFailed'
  | 'ImageUnsuitable'
  | 'DiskFull'
  | 'SocketPathTooLong'
  | 'SandboxNameInvalid'
  | 'SandboxMissing'
  | 'SandboxNotRunning'
  | 'SandboxTaken'
  | 'SandboxNotReady'
  | 'SandboxSeesOthers'
  | 'SandboxRelayForeign'
  | 'ExecFailed'
  | 'ExecTimeout'
  | 'CommandTooLong'
  | 'CommandNotStarted'
  | 'TurnOver'
  | 'FileMissing'
  | 'FileDenied'
  | 'FileNotRegular'
  | 'FileTooLarge'
  | 'FileFailed'
  | 'WorkspaceFull';

export class DockerError extends Error {
  readonly code: DockerErrorCode;

  constructor(code: DockerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DockerError';
    this.code = code;
  }
}

/** @param code leaves out the others */
export function isDockerError(error: unknown, code?: DockerErrorCode): error is DockerError {
  return error instanceof DockerError && (code === undefined || error.code === code);
}

/** HTTP status of the engine's answer, when the engine answered. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** The engine's own words, without the client's wrapping. */
export function wordsOf(error: unknown): string {
  const message = (error as { json?: { message?: unknown } } | null)?.json?.message;
  if (typeof message === 'string' && message) return message.trim();
  return error instanceof Error ? error.message : String(error);
}

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'EPIPE', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND']);

/** Turns what the client threw into one of ours. `what` completes "could not …". */
export function engineError(what: string, error: unknown): DockerError {
  if (error instanceof DockerError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && CONNECTION_CODES.has(code)) {
    return new DockerError(
      'EngineUnavailable',
      `could not ${what}: the Docker Engine does not answer (${code})`,
      error,
    );
  }
  return new DockerError('EngineRefused', `could not ${what}: ${wordsOf(error)}`, error);
}

/** The same for a call about one sandbox: an answer "no such container" or "paused" gets its own code. */
export function sandboxError(what: string, id: string, error: unknown): DockerError {
  const status = statusOf(error);
  if (status === 404) return new DockerError('SandboxMissing', `could not ${what}: sandbox ${id} is gone`, error);
  const notRunning = status === 409 || (status === 500 && /is not running|is paused/.test(wordsOf(error)));
  if (notRunning) return new DockerError('SandboxNotRunning', `could not ${what}: ${wordsOf(error)}`, error);
  return engineError(what, error);
}
