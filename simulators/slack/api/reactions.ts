import { APP } from '../world/workspace.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { existingMessage, openChannel } from './targets.ts';

/** docs.slack.dev/reference/methods?family=reactions */
export function reactionMethods({ world, messages }: MethodDependencies): Methods {
  return {
    'reactions.add': {
      scope: 'reactions:write',
      token: 'bot',
      handle(args) {
        const name = emojiName(args.required('name'));
        const channel = openChannel(world, args.required('channel'));
        const message = existingMessage(world, channel, args.required('timestamp'));
        if (!messages.react(message, APP.userId, name)) throw new SlackError('already_reacted');
        return {};
      },
    },
    'reactions.remove': {
      scope: 'reactions:write',
      token: 'bot',
      handle(args) {
        const name = emojiName(args.required('name'));
        const channel = openChannel(world, args.required('channel'));
        const message = existingMessage(world, channel, args.required('timestamp'));
        if (!messages.unreact(message, APP.userId, name)) throw new SlackError('no_reaction');
        return {};
      },
    },
  };
}

/** An emoji's name as Slack takes it: without colons. */
function emojiName(name: string): string {
  if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(name)) throw new SlackError('invalid_name');
  return name;
}
