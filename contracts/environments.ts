import type { RegistryName } from './registries.ts';

/** What the sandboxes of a scope have beyond the usual. */
export interface Environment {
  readonly name: string;
  /**
   * The image that sandboxes are made from, as `docker pull` takes it: `registry.example/team/tools:1.2`, with a digest, or one that
   * the engine has already. Absent: Bellhop's own.
   */
  readonly image?: string;
  /** Debian packages. */
  readonly packages: readonly string[];
  /** A script that runs once as root while the image is built. Empty: none. */
  readonly setup: string;
  /** For the script, and for every command in the sandbox. None is secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** Null: as the runner is set. */
  readonly memoryMb: number | null;
  readonly cpus: number | null;
  /** What the script may read packages from. The sandboxes have what their bundles say. */
  readonly registries: readonly RegistryName[];
}
