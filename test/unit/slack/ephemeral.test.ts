import { sendEphemeral } from '../../../slack/sending/send-once.ts';
import type { Database } from '../../../store/database.ts';

test('what one person alone is told has no markup of others in it', async () => {
  const sent: Record<string, unknown>[] = [];
  const db = { query: async () => ({ rows: [], rowCount: 1 }), wake: () => {} } as unknown as Database;
  const calls = { call: async (_method: string, args: Record<string, unknown>) => sent.push(args) };
  const body = { user: 'U1', text: 'In this thread I act as <!channel> & <https://evil.example|Ada>' };
  const row = { id: '1', channel: 'C1', threadTs: null, body, revision: 1 };
  await sendEphemeral({ db, calls: calls as never, hold: async () => {} }, row as never);
  expect(sent).toEqual([
    {
      channel: 'C1',
      user: 'U1',
      text: 'In this thread I act as &lt;!channel&gt; &amp; &lt;https://evil.example|Ada&gt;',
    },
  ]);
});
