/**
 * What the product is compared with: an unmodified Bolt app that answers a mention by running three commands in a
 * container that runs already. It keeps nothing, retries nothing and guards nothing.
 *
 * Environment: SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_API_URL, BARE_BOT_CONTAINER, BARE_BOT_USER.
 */
import { App } from '@slack/bolt';
import Docker from 'dockerode';

const COMMANDS = ['true', 'true', 'true'];

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});
const container = new Docker().getContainer(process.env.BARE_BOT_CONTAINER ?? '');

app.event('app_mention', async ({ event, client }) => {
  const { channel, ts, thread_ts: threadTs = ts } = event;
  const posted = await client.chat.postMessage({ channel, thread_ts: threadTs, text: 'Working' });
  const lines: string[] = [];
  for (const command of COMMANDS) lines.push(`$ ${command}: exit code ${await run(command)}`);
  await client.chat.update({ channel, ts: posted.ts ?? '', text: ['Done', ...lines].join('\n') });
});

async function run(command: string): Promise<number | null> {
  const exec = await container.exec({
    Cmd: ['bash', '-c', command],
    User: process.env.BARE_BOT_USER,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({});
  stream.resume();
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
  return (await exec.inspect()).ExitCode;
}

await app.start();
console.log(JSON.stringify({ ready: 'bare-bot' }));
