import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Installation, openInstallation } from './installation.ts';

/** The checkout this code runs from. */
export const ROOT = path.join(import.meta.dirname, '..', '..');

/** Where an installation keeps its state on this machine. */
export interface Home {
  /** `BELLHOP_HOME`, absolute. */
  readonly folder: string;
  readonly logs: string;
  /** What `up` tells the page; see contracts/setup-state.ts. */
  readonly setupState: string;
  /** Database addresses with passwords, 0600. */
  readonly databaseUrls: string;
  /** Held by the running `up`, so that a second one notices it. */
  readonly lock: string;
  /** Which processes `up` has started. With it, the next `up` finds what a killed one left. */
  readonly children: string;
  /** Tokens between the parts of the demo, 0600. */
  readonly secrets: string;
  /** The private key of the Agent Proxy, 0600. */
  readonly keyFile: string;
  /** The private key of the agent worker, for keys of models, 0600. */
  readonly modelKeyFile: string;
  /** Addresses and tokens of the other processes, for the page, mode 0600. */
  readonly pageServices: string;
  readonly postgres: string;
  readonly temporal: string;
  /** An empty file of Temporal's connection settings, for children that use our own server. */
  readonly temporalProfile: string;
  readonly installation: Installation;
}

/** `BELLHOP_HOME`, or `.bellhop` in the checkout. */
export function homeFolder(environment: NodeJS.ProcessEnv): string {
  return path.resolve(environment.BELLHOP_HOME || path.join(ROOT, '.bellhop'));
}

/** Whether this folder is the home of an installation. Only such a folder is ever removed. */
export function isHome(folder: string): boolean {
  return existsSync(path.join(folder, 'installation.json'));
}

/**
 * Opens the home, making what is missing. The folder may be passed through by others (the embedded PostgreSQL runs as a
 * user of its own when started by root) but not listed; each file in it has its own mode.
 */
export async function openHome(folder: string): Promise<Home> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const logs = path.join(folder, 'logs');
  await mkdir(logs, { recursive: true, mode: 0o700 });
  return {
    folder,
    logs,
    setupState: path.join(folder, 'setup.json'),
    databaseUrls: path.join(folder, 'database.json'),
    lock: path.join(folder, 'up.pid'),
    children: path.join(folder, 'children'),
    secrets: path.join(folder, 'secrets.json'),
    keyFile: path.join(folder, 'proxy-key.json'),
    modelKeyFile: path.join(folder, 'agent-key.json'),
    pageServices: path.join(folder, 'page.json'),
    postgres: path.join(folder, 'postgres'),
    temporal: path.join(folder, 'temporal'),
    temporalProfile: path.join(folder, 'temporal', 'no-profile.toml'),
    installation: await openInstallation(path.join(folder, 'installation.json'), folder),
  };
}
