import type { RegistryName } from './registries.ts';

/** What the sandboxes of a scope have beyond the usual. */
export interface Environment {
  readonly name: string;
  /**
   * The image that sandboxes are made from, as `docker pull` takes it: `registry.example/team/tools:1.2`, with a digest, or one that
   * the engine has already. Absent: Bellhop's own.
   */
  readonly image?: string;
  /** What is done upon the image. Absent: the file names no Dockerfile. */
  readonly dockerfile?: Dockerfile;
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

/** A Dockerfile, read and with what it copies. Variables in it are put in where it is carried out, where the image is known. */
export interface Dockerfile {
  /** Its path, as the access file has it. */
  readonly file: string;
  readonly steps: readonly DockerfileStep[];
  /** What COPY needs of its folder. */
  readonly files: readonly ContextFile[];
}

export interface ContextFile {
  /** In the folder of the Dockerfile. */
  readonly path: string;
  readonly executable: boolean;
  /** In base64. */
  readonly content: string;
}

/** One instruction. */
export type DockerfileStep = {
  readonly line: number;
  /** As people know it, cut: `RUN apt-get install -y jq`. */
  readonly text: string;
} & (
  | { readonly do: 'run'; readonly shell: string }
  | { readonly do: 'exec'; readonly words: readonly string[] }
  | {
      readonly do: 'copy';
      readonly from: readonly CopiedFile[];
      readonly to: string;
      readonly intoFolder: boolean;
      readonly owner: string | null;
      readonly mode: string | null;
    }
  | { readonly do: 'env'; readonly values: readonly (readonly [string, string])[] }
  | { readonly do: 'arg'; readonly name: string; readonly value: string | null }
  | { readonly do: 'workdir'; readonly path: string }
  | { readonly do: 'user'; readonly name: string }
  | { readonly do: 'shell'; readonly words: readonly string[] }
);

export interface CopiedFile {
  /** Of a {@link ContextFile}. */
  readonly path: string;
  /** Where it goes, seen from the target folder. */
  readonly as: string;
}
