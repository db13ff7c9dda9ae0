import { type Command, Option } from 'commander';
import { type ManifestFormat, printManifest } from '../../slack/manifest.ts';

/** `bellhop slack`: prints what Slack has to be told of the app. */
export function register(program: Command): void {
  const slack = program.command('slack').description('what your own Slack needs to know');
  slack
    .command('manifest')
    .description("print the app's manifest: paste it at api.slack.com/apps, Create New App, From a manifest")
    .addOption(new Option('--format <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'))
    .option('--name <name>', 'what the agent is called in Slack', 'bellhop')
    .action(({ format, name }: { format: ManifestFormat; name: string }) => {
      process.stdout.write(printManifest(name, format));
    });
}
