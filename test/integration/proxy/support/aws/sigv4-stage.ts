import path from 'node:path';
import type { ConnectionRule, Guardrail } from '../../../../../access/document.ts';
import { until } from '../../../../support/until.ts';
import { type Origin, startOrigin } from '../origin.ts';
import { startRelay } from '../relay.ts';
import { createTestAuthority } from '../test-authority.ts';
import { connection, S1, SCOPE_1, startWorld, type World } from '../world.ts';
import { type Moto, startMoto, startVerifier } from './moto.ts';

export const BUCKET = 'acme.s3.eu-central-1.amazonaws.com';
export const LAMBDA = 'lambda.eu-central-1.amazonaws.com';
const HOSTS = [
  BUCKET,
  'acme.s3.amazonaws.com',
  's3.eu-central-1.amazonaws.com',
  '123456789012.ddb.eu-central-1.amazonaws.com',
  'kinesis.eu-central-1.amazonaws.com',
  '123456789012.control-kinesis.eu-central-1.amazonaws.com',
  '123456789012.data-kinesis.eu-central-1.amazonaws.com',
  'sqs.eu-central-1.amazonaws.com',
  'sts.eu-central-1.amazonaws.com',
  'sts.amazonaws.com',
  LAMBDA,
];

/** AWS's own verifier behind the proxy, and moto, which answers as the services do. */
export interface SigV4Stage extends AsyncDisposable {
  readonly moto: Moto;
  readonly origin: Origin;
  readonly world: World;
  /** What the host answers next: moto, or the verifier with what is wrong with the signature. */
  answer(by: 'moto' | 'verifier'): void;
  /** Puts a connection to AWS with this secret in force. */
  use(secret: object, rule?: Partial<ConnectionRule>, region?: string | null, more?: MoreRules): Promise<void>;
  /** For a client in a sandbox. */
  environment(): NodeJS.ProcessEnv;
  /** Nothing of a key but its id has reached the sandbox or an event. */
  nothingLeaked(secret: Readonly<Record<string, string>>): Promise<void>;
}

interface MoreRules {
  readonly rules?: readonly ConnectionRule[];
  readonly guardrails?: readonly Guardrail[];
}

export async function startSigV4Stage(): Promise<SigV4Stage> {
  await using started = new AsyncDisposableStack();
  const moto = started.use(await startMoto());
  const verifier = started.use(startVerifier(moto.python, moto.user));
  let answering: 'moto' | 'verifier' = 'moto';
  const authority = await createTestAuthority();
  const origin = started.use(
    await startOrigin({
      authority,
      hosts: HOSTS,
      onRequest: (request, response) => {
        if (answering === 'moto') return moto.onRequest(request, response);
        void request.toArray().then(async (chunks) => {
          const { method = '', url = '', headers } = request;
          const body = Buffer.concat(chunks as Buffer[]);
          const parts = {
            method,
            target: url,
            headers: headers as Record<string, string>,
            host: headers.host ?? '',
            body,
          };
          const problem = await verifier.problemOf(parts);
          response.writeHead(problem === null ? 200 : 403).end(problem ?? body);
        });
      },
    }),
  );
  const world = started.use(
    await startWorld({
      operator: {
        staticNames: new Map(HOSTS.map((host) => [host, { address: '127.0.0.1', port: origin.port }])),
        ceilings: [{ range: '127.0.0.0/8', ports: [origin.port] }],
        caBundles: [authority.pem],
      },
    }),
  );
  await world.openLease(S1, SCOPE_1);
  const relay = started.use(await startRelay(path.join(world.folder, 'run', S1, 'proxy.sock')));
  const everything = started.move();
  return {
    moto,
    origin,
    world,
    answer(by) {
      answering = by;
    },
    async use(secret, rule = {}, region = null, { rules, guardrails = [] } = {}) {
      const credential = { kind: 'aws-sigv4', region, service: null } as const;
      const base = connection('aws', '*.amazonaws.com', {
        addresses: [{ range: '127.0.0.1/32', port: origin.port }],
        credential,
      });
      await world.apply({
        connections: [{ ...base, rules: rules ?? base.rules.map((each) => ({ ...each, ...rule })) }],
        guardrails,
        attached: { [SCOPE_1]: { connections: ['aws'] } },
        secrets: { aws: JSON.stringify(secret) },
      });
      await until(() => world.proxy.health().policy.version !== null);
    },
    environment() {
      const bundle = path.join(world.folder, 'ca.pem');
      return {
        PATH: process.env.PATH,
        HOME: world.folder,
        HTTPS_PROXY: relay.url,
        https_proxy: relay.url,
        AWS_CA_BUNDLE: bundle,
        SSL_CERT_FILE: bundle,
      };
    },
    async nothingLeaked(secret) {
      const seen = JSON.stringify(await world.events(S1, 1)) + world.sandbox(S1).received().toString('latin1');
      for (const part of [secret.SecretAccessKey, secret.SessionToken]) if (part) expect(seen).not.toContain(part);
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
