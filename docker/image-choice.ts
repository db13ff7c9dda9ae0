import type { Engine } from './engine.ts';
import { hasImage } from './engine-images.ts';
import { type SandboxTools, sandboxImageName } from './sandbox-image.ts';

/** Which image a sandbox gets. */
export interface ImageChoice {
  /** For a container that is made now. */
  readonly image: string;
  /** A container that was made of one of these is taken as it is; of another it is replaced. */
  readonly accepted: readonly string[];
}

export type ChooseImage = () => Promise<ImageChoice>;

/** Always this one. */
export function onlyImage(image: string): ChooseImage {
  const choice = { image, accepted: [image] };
  return async () => choice;
}

/**
 * The full image where it is wished for and there, else the base. A sandbox at work keeps the one it has: the full image comes
 * minutes after the base, and a container that is replaced ends what runs in it.
 */
export async function bestImage(engine: Engine, tools: SandboxTools): Promise<ChooseImage> {
  const base = await sandboxImageName(engine, 'base');
  if (tools === 'base') return onlyImage(base);
  const full = await sandboxImageName(engine, 'full');
  const accepted = [full, base];
  return async () => ({ image: (await hasImage(engine, full)) ? full : base, accepted });
}
