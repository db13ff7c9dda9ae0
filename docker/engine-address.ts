import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { DockerError } from './errors.ts';

export interface EngineAddress {
  /** As it would be written in DOCKER_HOST. */
  readonly url: string;
  readonly options: Docker.DockerOptions;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the engine listens. This is `DOCKER_HOST`, with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` as the docker command
 * reads them. Without it, it is the first socket that exists at one of the usual paths.
 */
export function findEngineAddress(env: Environment): EngineAddress {
  if (env.DOCKER_HOST) return parse(env.DOCKER_HOST, env);
  const socketPath = defaultSockets(env).find((path) => existsSync(path)) ?? '/var/run/docker.sock';
  return { url: `unix://${socketPath}`, options: { socketPath } };
}

function defaultSockets(env: Environment): string[] {
  const home = env.HOME ?? homedir();
  return [
    '/var/run/docker.sock',
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
  ];
}

function parse(url: string, env: Environment): EngineAddress {
  const unix = /^unix:\/\/(\/.+)$/.exec(url);
  if (unix?.[1]) return { url, options: { socketPath: unix[1] } };
  const tcp = /^(?:tcp|https?):\/\/([^/:]+)(?::(\d+))?\/?$/.exec(url);
  if (tcp?.[1]) {
    const tls = Boolean(env.DOCKER_TLS_VERIFY) || url.startsWith('https:');
    const port = Number(tcp[2] ?? (tls ? 2376 : 2375));
    const base = { host: tcp[1], port, protocol: tls ? 'https' : 'http' } as const;
    return {
      url,
      options: tls && env.DOCKER_CERT_PATH ? { ...base, ...readCertificates(env.DOCKER_CERT_PATH) } : base,
    };
  }
  throw new DockerError('EngineUnavailable', `DOCKER_HOST: ${url} is neither unix:///path nor tcp://host:port`);
}

function readCertificates(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  try {
    const read = (name: string) => readFileSync(join(folder, name));
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } catch (error) {
    throw new DockerError(
      'EngineUnavailable',
      `DOCKER_CERT_PATH: ${folder} must hold ca.pem, cert.pem and key.pem`,
      error,
    );
  }
}
