import { z } from 'zod';
import { writeAtomically } from './atomic-file.ts';
import { readJson } from './read-json.ts';
import { newPassword } from './secrets.ts';

const schema = z.object({
  /** What the Slack simulator takes for an app of its workspace. */
  slackAppToken: z.string(),
  slackBotToken: z.string(),
  slackControlToken: z.string(),
  modelKey: z.string(),
  /** What the outside world's control takes. */
  acmeControlToken: z.string(),
});

/** Tokens that the parts of the demo use among themselves. None opens anything outside this machine. */
export type GeneratedSecrets = Readonly<z.infer<typeof schema>>;

/** Reads the tokens, or makes them at the first start. The demo's credential is made elsewhere (workers/up/services/world.ts). */
export async function generatedSecrets(file: string): Promise<GeneratedSecrets> {
  const known = await readJson(file, schema);
  if (known) return known;
  const made = {
    slackAppToken: `xapp-simulator-${newPassword()}`,
    slackBotToken: `xoxb-simulator-${newPassword()}`,
    slackControlToken: newPassword(),
    modelKey: newPassword(),
    acmeControlToken: newPassword(),
  };
  await writeAtomically(file, `${JSON.stringify(made, undefined, 2)}\n`);
  return made;
}
