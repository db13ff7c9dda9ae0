import { type Database, inTransaction } from '../../store/database.ts';
import { type Looks, startLooks } from '../../store/looks.ts';
import { putMessage } from '../../store/outbox.ts';
import { failLostGrants, type GrantNews, removeEndedGrants, takeGrantNews } from '../../store/personal-grants.ts';
import { takeRefusals } from '../../store/personal-tokens.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { codeView, confirmButton, grantNewsText, refusedText } from './grant-views.ts';
import { renewButton } from './words.ts';

export interface GrantTellerOptions {
  readonly database: Database;
  readonly calls: PacedCalls;
  /** Something may be waiting in the outbox now. */
  readonly onTold: () => void;
  readonly onError: (error: unknown) => void;
  /** How often to look without being poked. @default 2000 */
  readonly everyMs?: number;
}

/** Tells people what came of what they granted, and what a service does not renew any more. Each is told once. */
export function createGrantTeller(options: GrantTellerOptions): Looks {
  const { database, calls, onTold, onError, everyMs = 2_000 } = options;

  async function tell(): Promise<void> {
    await failLostGrants(database);
    await removeEndedGrants(database);
    const { news, told } = await inTransaction(database, async (tx) => {
      const found = await takeGrantNews(tx);
      const ends = found.filter(({ state }) => state !== 'polling');
      for (const each of ends) await putMessage(tx, messageOf(each));
      const refusals = await takeRefusals(tx);
      for (const { team, person, connection, version, way } of refusals) {
        // Slack opens the direct message for a post to a person's id (docs.slack.dev, chat.postMessage).
        const target = { key: `personal/${version}/refused`, team, channel: person, threadTs: null };
        const body = {
          kind: 'notice',
          text: refusedText(connection, way),
          buttons: [renewButton(connection)],
        } as const;
        await putMessage(tx, { ...target, body, final: true });
      }
      return { news: found, told: ends.length + refusals.length };
    });
    if (told > 0) onTold();
    for (const each of news) if (each.state === 'polling') await showCode(each);
  }

  /** The code is in no row any more. When this fails, the person begins anew. */
  async function showCode({ connection, userCode, verificationUri, viewId }: GrantNews): Promise<void> {
    if (userCode === null || verificationUri === null || viewId === null) return;
    const view = codeView(connection, userCode, verificationUri);
    await calls.call('views.update', { view_id: viewId, view }).catch(onError);
  }

  return startLooks({ look: tell, onError, everyMs });
}

function messageOf(news: GrantNews) {
  const { team, person, connection, version, channel, threadTs, state } = news;
  const buttons = state === 'granted' ? { buttons: [confirmButton(connection)] } : {};
  return {
    key: `personal/${version}/${state}`,
    team,
    channel: channel ?? person,
    threadTs,
    body: { kind: 'notice', text: grantNewsText(news), ...buttons } as const,
    final: true,
  };
}
