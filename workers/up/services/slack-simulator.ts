import path from 'node:path';
import { z } from 'zod';
import type { GeneratedSecrets } from '../../../setup/host/generated-secrets.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { inheritedBy } from '../environments.ts';
import { startOwn } from '../own-process.ts';
import { joined } from '../remarks.ts';
import type { UpContext } from '../up-context.ts';

const line = z.object({ url: z.url(), apiUrl: z.url() });

/** How the gateway reaches Slack. */
export interface SlackAccess {
  readonly appToken: string;
  readonly botToken: string;
  readonly apiUrl?: string | undefined;
}

/** The Slack of the tokens that are set, else the simulator. */
export async function startSlack(context: UpContext, secrets: GeneratedSecrets): Promise<SlackAccess> {
  const { environment, home, settings, journal, page } = context;
  return await journal.step<SlackAccess>('slack', async () => {
    if (settings.slack) {
      return { detail: `SLACK_BOT_TOKEN: ${settings.slack.apiUrl ?? 'https://slack.com'}`, value: settings.slack };
    }
    const port = await context.ports.choose(PORTS.slack);
    const tokens = { appToken: secrets.slackAppToken, botToken: secrets.slackBotToken };
    const env = {
      ...inheritedBy('local', environment),
      SLACK_APP_TOKEN: tokens.appToken,
      SLACK_BOT_TOKEN: tokens.botToken,
      SLACK_SIM_CONTROL_TOKEN: secrets.slackControlToken,
      SLACK_SIM_PORT: String(port.port),
      SLACK_SIM_STATE_FILE: path.join(home.folder, 'slack-simulator.json'),
    };
    const script = 'simulators/slack/main.ts';
    const { url, apiUrl } = line.parse(await startOwn(context, { name: 'slack-simulator', script, env }));
    await page.add({ SLACK_SIMULATOR_URL: url, SLACK_SIMULATOR_TOKEN: secrets.slackControlToken });
    return {
      detail: joined(`simulated at ${url}`, port.brief),
      more: joined('SLACK_APP_TOKEN and SLACK_BOT_TOKEN would replace it', port.remark),
      value: { ...tokens, apiUrl },
    };
  });
}
