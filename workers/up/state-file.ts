import type { SetupState } from '../../contracts/setup-state.ts';
import { writeAtomically } from '../../setup/host/atomic-file.ts';

export interface StateFile {
  /** Writes a state. Of the states that come while one is being written, only the last is written. */
  write(state: SetupState): void;
  /** Resolves when the newest state is on disk. */
  settled(): Promise<void>;
}

/** A file with the newest state. It is replaced as a whole, so readers never see a half of it. States in between may be left out. */
export function createStateFile(path: string, onError: (error: unknown) => void): StateFile {
  let next: SetupState | undefined;
  let writing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (next) {
      const current = next;
      next = undefined;
      await writeAtomically(path, `${JSON.stringify(current, undefined, 2)}\n`).catch(onError);
    }
    writing = undefined;
  }

  return {
    write(state) {
      next = state;
      writing ??= drain();
    },
    settled: async () => await writing,
  };
}
