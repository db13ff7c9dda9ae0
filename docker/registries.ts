import type { Engine } from './engine.ts';

/** The fields we read of `GET /info`; the client's own type lacks them. */
interface RegistryInfo {
  readonly IndexServerAddress?: string;
  readonly RegistryConfig?: { readonly Mirrors?: readonly string[] | null } | null;
}

/** Where the engine looks for images whose names have no registry: at its mirrors first, then at its index. */
export async function registriesOf({ docker }: Engine): Promise<string[]> {
  const info = (await docker.info()) as RegistryInfo;
  return [...(info.RegistryConfig?.Mirrors ?? []), info.IndexServerAddress].filter((url) => url !== undefined);
}
