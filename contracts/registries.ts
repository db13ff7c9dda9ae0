/** The package registries that a bundle can open for reading. */
export const REGISTRY_NAMES = ['npm', 'pypi', 'crates', 'go', 'maven', 'rubygems', 'debian'] as const;
export type RegistryName = (typeof REGISTRY_NAMES)[number];

/** Where the packages of one registry come from in place of its public hosts, or at which addresses these are. */
export interface RegistryMirror {
  /** Base URL that its client is given. Null: the public hosts themselves. */
  readonly url: string | null;
  /** Base URLs of further hosts to which its index refers, such as one that has the files alone. */
  readonly also: readonly string[];
  /**
   * Special addresses at which these hosts are, each range with the port that is dialled. Empty for public ones. They are the
   * operator's own word, so they are a ceiling as well.
   */
  readonly addresses: readonly { readonly range: string; readonly port: number }[];
}

/** What the operator of this machine says. A registry that is not named is at its public hosts. */
export type RegistryMirrors = Readonly<Partial<Record<RegistryName, RegistryMirror>>>;
