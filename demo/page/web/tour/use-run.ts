import { useState } from 'react';
import type { Scenario } from '../../contract/page.ts';

/** Runs one scenario at a time; while one is being posted, the first value is true. */
export function useRun(post: (scenario: Scenario) => Promise<void>): readonly [boolean, (scenario: Scenario) => void] {
  const [busy, setBusy] = useState(false);
  return [
    busy,
    (scenario) => {
      setBusy(true);
      void post(scenario).finally(() => setBusy(false));
    },
  ];
}
