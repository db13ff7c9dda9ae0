import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../support/temporal.ts';

const HISTORIES = path.join(import.meta.dirname, '..', 'histories');

// To record anew after a change that no release has run yet:
//   BELLHOP_RECORD_HISTORIES=1 npm test -- test/workflows/thread-session.test.ts test/workflows/places.test.ts test/workflows/scheduled-task.test.ts test/workflows/housekeeping.test.ts
test("every recorded history replays on today's workflow code", async () => {
  const files = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json'));
  expect(files.length).toBeGreaterThanOrEqual(9);
  const workflowBundle = await bundleWorkflows();
  for (const file of files) {
    const history = historyFromJSON(JSON.parse(await readFile(path.join(HISTORIES, file), 'utf8')));
    await Worker.runReplayHistory({ workflowBundle, replayName: file }, history);
  }
}, 60_000);
