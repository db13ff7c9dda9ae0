import type { SandboxPort } from '../../../../agent/tools/sandbox-port.ts';
import { createFixture, type Fixture, type TestSandbox } from '../../docker/fixture.ts';

export interface RealSandbox extends AsyncDisposable {
  readonly port: SandboxPort;
  readonly sandbox: TestSandbox;
  readonly fixture: Fixture;
}

/** A container, as tools see it. */
export async function createRealSandbox(): Promise<RealSandbox> {
  const fixture = await createFixture();
  const sandbox = await fixture.sandbox();
  const { runtime } = fixture;
  const { id, uid } = sandbox;
  const port: SandboxPort = {
    async runStep({ step, command, timeoutMs, signal }) {
      const result = await runtime.runStep(id, { uid, step, turn: 1, command, timeoutMs, signal });
      return {
        exitCode: result.outcome === 'finished' ? result.exitCode : null,
        output: Buffer.from(result.output),
        outputBytes: result.outputBytes,
        timedOut: result.timedOut,
        durationMs: 0,
      };
    },
    openPiped: () => Promise.reject(new Error('not here')),
    async readFile(path, { maxBytes }) {
      const { bytes, truncated } = await runtime.readFile(id, uid, path, { maxBytes });
      if (truncated) throw Object.assign(new Error(path), { code: 'FileTooLarge' });
      return bytes;
    },
    writeFile: async (path, bytes) => void (await runtime.writeFile(id, uid, path, bytes, { turn: 1 })),
  };
  return { port, sandbox, fixture, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}
