import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Changes } from './changes.ts';
import type { Timers } from './timers.ts';
import { type SavedWorld, saveWorld, type World } from './world/world.ts';

/** A file that keeps the conversations over a restart; the files' bytes lie beside it in `<file>.files/`. */
export interface Snapshot {
  /** What was kept, or null when there is nothing yet. A file that cannot be read is put aside, not deleted. */
  load(): SavedWorld | null;
  loadBytes(world: World): void;
  /** Saves soon after each change, and once more at `flush`. */
  follow(world: World, changes: Changes, timers: Timers): { flush(): void };
}

const FORMAT = 1;
const SAVE_AFTER_MS = 250;
const list = z.array(z.looseObject({}));
const schema = z.object({
  format: z.literal(FORMAT),
  world: z.object({
    channels: list,
    messages: list,
    files: list,
    pinned: list,
    titles: z.array(z.tuple([z.string(), z.string()])),
  }),
});

/**
 * @param file JSON, written as a whole; the bytes of files lie beside it
 * @param warn gets a message when the saved state cannot be read
 */
export function createSnapshot(file: string, warn: (message: string) => void): Snapshot {
  const folder = `${file}.files`;
  return {
    load() {
      if (!existsSync(file)) return null;
      try {
        // The file is our own; its frame is checked, its contents were valid when written.
        return schema.parse(JSON.parse(readFileSync(file, 'utf8'))).world as unknown as SavedWorld;
      } catch {
        renameSync(file, `${file}.unreadable`);
        warn(
          `The kept conversations in ${file} cannot be read; they are now in ${file}.unreadable, and we begin anew.`,
        );
        return null;
      }
    },
    loadBytes(world) {
      if (!existsSync(folder)) return;
      for (const id of readdirSync(folder)) {
        if (world.files.has(id)) world.bytes.set(id, readFileSync(path.join(folder, id)));
        else rmSync(path.join(folder, id));
      }
    },
    follow(world, changes, timers) {
      const saved = new Set(world.bytes.keys());
      let waiting = false;
      function save(): void {
        waiting = false;
        mkdirSync(folder, { recursive: true });
        const kept = saveWorld(world);
        for (const { id } of kept.files) {
          const bytes = world.bytes.get(id);
          if (bytes === undefined || saved.has(id)) continue;
          writeFileSync(path.join(folder, id), bytes);
          saved.add(id);
        }
        writeFileSync(`${file}.new`, JSON.stringify({ format: FORMAT, world: kept }));
        renameSync(`${file}.new`, file);
      }
      changes.follow(() => {
        if (waiting) return;
        waiting = true;
        timers.after(SAVE_AFTER_MS, save);
      });
      return { flush: save };
    },
  };
}
