/** A gateway with short times and without Temporal, as a process of its own that a test can freeze. */
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { createSlackClient } from '../../../slack/api/client.ts';
import { whoAmI } from '../../../slack/api/identity.ts';
import { startGateway } from '../../../slack/start-gateway.ts';
import { openDatabase } from '../../../store/database.ts';

const { SLACK_API_URL = '', SLACK_APP_TOKEN = '', SLACK_BOT_TOKEN = '', BELLHOP_DATABASE_URL = '' } = process.env;
const client = createSlackClient(SLACK_BOT_TOKEN, SLACK_API_URL, { warn: () => {}, error: () => {} });
const log = (fields: object, message: string): void => console.error(JSON.stringify({ ...fields, message }));
await startGateway({
  database: openDatabase({ url: BELLHOP_DATABASE_URL, name: 'gateway' }),
  databaseUrl: BELLHOP_DATABASE_URL,
  client,
  identity: await whoAmI(client),
  appToken: SLACK_APP_TOKEN,
  botToken: SLACK_BOT_TOKEN,
  apiUrl: SLACK_API_URL,
  signals: { start: async () => {}, message: async () => true, stop: async () => true, answered: async () => true },
  whyOff: async () => null,
  effective: async (scope) => indexAccess(EMPTY_DOCUMENT).shown(scope),
  models: async () => [],
  offers: async () => [],
  keepToken: async () => null,
  log: { info: log, warn: log, error: log },
  catchUp: { everyMs: 200, lateMs: 300, overlapMs: 200 },
});
console.log('ready');
