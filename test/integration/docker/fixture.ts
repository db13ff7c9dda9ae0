import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine, type Engine } from '../../../docker/engine.ts';
import type { SandboxLimits, SandboxRuntime, SandboxSpec, StepCall, StepResult } from '../../../docker/sandbox.ts';
import { ensureSandboxImage, type SandboxTools } from '../../../docker/sandbox-image.ts';
import { relayUidOf, sandboxFolder } from '../../../docker/sandbox-names.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';

export interface Fixture extends AsyncDisposable {
  readonly engine: Engine;
  readonly image: string;
  readonly installation: string;
  readonly runDir: string;
  readonly runtime: SandboxRuntime;
  /** A running sandbox with a user of its own. */
  sandbox(): Promise<TestSandbox>;
}

export interface TestSandbox {
  readonly id: string;
  readonly uid: number;
  readonly spec: SandboxSpec;
  /** Runs a command under a new step id. */
  run(command: string, options?: Partial<StepCall>): Promise<StepResult>;
  /** Stands where the proxy would, on a socket of the sandbox's own: `proxy.sock`, if no other is named. */
  listen(onRequest: RequestListener, socket?: SocketName): Promise<Server>;
}

export type SocketName = 'proxy.sock' | 'direct.sock';

/** Users differ between test files too: process limits count by user over all containers of the machine. */
const firstUid = () => 100_000 + (randomBytes(3).readUIntBE(0, 3) % 50_000_000);

/** Real sandboxes of an installation that exists for one test file. Removes everything of it at the end. */
export async function createFixture(
  limits: Partial<SandboxLimits> = {},
  tools: SandboxTools = 'base',
): Promise<Fixture> {
  const engine = await connectEngine({ env: process.env });
  const { name: image } = await ensureSandboxImage({ engine, tools });
  const installation = `t${randomBytes(4).toString('hex')}`;
  const runDir = await mkdtemp(join(tmpdir(), 'bh-'));
  const runtime = createSandboxRuntime({ engine, installation, runDir, image, limits });
  const servers: Server[] = [];
  let uid = firstUid();

  return {
    engine,
    image,
    installation,
    runDir,
    runtime,
    async sandbox() {
      const id = `s${randomBytes(4).toString('hex')}`;
      const agentUid = uid++;
      const spec: SandboxSpec = {
        id,
        session: `slack:T1:C1:${id}`,
        runner: 'r1',
        agentUid,
        caBundle: 'no certificates\n',
      };
      await runtime.provision(spec);
      return {
        id,
        uid: agentUid,
        spec,
        run: async (command, options = {}) =>
          await runtime.runStep(id, {
            uid: agentUid,
            step: randomBytes(8).toString('hex'),
            turn: 1,
            command,
            timeoutMs: 20_000,
            ...options,
          }),
        async listen(onRequest, socket = 'proxy.sock') {
          const path = join(sandboxFolder(runDir, id), socket);
          const server = await listenFor(path, relayUidOf(agentUid), onRequest);
          servers.push(server);
          return server;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
      for (const { id } of await runtime.list()) await runtime.remove(id);
      for (const { id } of await runtime.listVolumes()) await runtime.removeVolume(id);
      await rm(runDir, { recursive: true, force: true });
    },
  };
}

async function listenFor(path: string, uid: number, onRequest: RequestListener): Promise<Server> {
  const { chmod, chown } = await import('node:fs/promises');
  const server = createServer(onRequest);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  await chmod(path, 0o600);
  await chown(path, uid, uid);
  return server;
}
