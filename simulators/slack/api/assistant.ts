import type { Timers } from '../timers.ts';
import type { NativeStatus } from '../world/types.ts';
import { threadKey } from '../world/world.ts';
import type { Arguments } from './arguments.ts';
import { refusal } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { existingThread, joinedChannel } from './targets.ts';

const MOST_PROMPTS = 4;
export interface AssistantOptions {
  /** A status that is not set again disappears after this. */
  readonly statusLifeMs: number;
}

/** docs.slack.dev/reference/methods?family=assistant.threads */
export function assistantMethods(
  { world, changes }: MethodDependencies,
  timers: Timers,
  { statusLifeMs }: AssistantOptions,
): Methods {
  const place = (args: Arguments) => {
    const channel = joinedChannel(world, args.required('channel_id'));
    return { channel: channel.id, threadTs: existingThread(world, channel, args.required('thread_ts')) };
  };
  return {
    'assistant.threads.setStatus': {
      scope: 'assistant:write',
      token: 'bot',
      handle(args) {
        const { channel, threadTs } = place(args);
        const messages = args.json('loading_messages');
        const words = args.text('status');
        // An empty one ends the line, so it is no default.
        if (words === undefined) throw refusal('invalid_arguments', ['missing required field: status']);
        const status: NativeStatus = {
          channel,
          threadTs,
          status: words,
          loadingMessages: Array.isArray(messages) ? messages.map(String) : [],
        };
        const key = threadKey(channel, threadTs);
        if (status.status === '') world.statuses.delete(key);
        else world.statuses.set(key, status);
        changes.add('status', status);
        timers.after(statusLifeMs, () => {
          if (world.statuses.get(key) !== status) return;
          world.statuses.delete(key);
          changes.add('status', { ...status, status: '', loadingMessages: [] });
        });
        return {};
      },
    },
    'assistant.threads.setTitle': {
      scope: 'assistant:write',
      token: 'bot',
      handle(args) {
        const { channel, threadTs } = place(args);
        const title = args.required('title');
        world.titles.set(threadKey(channel, threadTs), title);
        changes.add('title', { channel, threadTs, title });
        return {};
      },
    },
    'assistant.threads.setSuggestedPrompts': {
      scope: 'assistant:write',
      token: 'bot',
      handle(args) {
        const { channel, threadTs } = place(args);
        const prompts = args.json('prompts');
        if (!Array.isArray(prompts) || prompts.length === 0 || prompts.length > MOST_PROMPTS) {
          throw refusal('invalid_arguments', [`must have 1 to ${MOST_PROMPTS} items [json-pointer:/prompts]`]);
        }
        changes.add('prompts', { channel, threadTs, title: args.text('title') ?? null, prompts });
        return {};
      },
    },
  };
}
