import { useState } from 'react';
import type { Scenario } from '../../contract/page.ts';

/** Runs one scenario at a time. The first value is true while one is being posted. */
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
