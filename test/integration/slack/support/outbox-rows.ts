import { putMessage, type ShownBody } from '../../../../store/outbox.ts';
import { type GatewayStage, TEAM } from '../../../support/gateway-stage.ts';
import type { SimMessage } from '../../../support/slack-simulator.ts';
import { until } from '../../../support/until.ts';

/** Puts a row of a thread into the outbox. */
export function putInto(stage: GatewayStage, thread: SimMessage, key: string, body: ShownBody, final: boolean) {
  const session = stage.sessionOf(thread);
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session };
  return putMessage(stage.db.database, { ...place, key, body, final });
}

export const notice = (text: string) => ({ kind: 'notice', text }) as const;
export const working = (step: number) =>
  ({ kind: 'working', step, what: 'working', since: new Date().toISOString() }) as const;

/** Waits until Slack has the newest revision of a row. */
export async function untilSent(stage: GatewayStage, key: string): Promise<void> {
  await until(
    async () => {
      const { rows } = await stage.db.database.query(
        'select 1 from outbox where key = $1 and sent_revision = revision and failed is null',
        [key],
      );
      return rows.length === 1;
    },
    `${key} to be sent`,
    30_000,
  );
}
