import type { BodyBudget } from '../../../../proxy/request/body-budget.ts';
import { until } from '../../../support/until.ts';

/** Waits until a sandbox may use its whole share again. @param share in bytes */
export async function allGivenBack(budget: BodyBudget, sandbox: string, share: number): Promise<void> {
  await until(() => {
    try {
      budget.take(sandbox, share)();
      return true;
    } catch {
      return false;
    }
  });
}
