import type { Timers } from '../timers.ts';
import type { SlackFile } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import { readBlocks } from './content.ts';
import { refusal, SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { joinedChannel, postedThread } from './targets.ts';

export interface FileMethodOptions {
  /** How long Slack processes files before their message appears, in milliseconds. */
  readonly processingMs: number;
}

/** docs.slack.dev/reference/methods?family=files */
export function fileMethods(dependencies: MethodDependencies, timers: Timers, options: FileMethodOptions): Methods {
  const { world, files, fileShapes, messages, baseUrl } = dependencies;
  return {
    'files.getUploadURLExternal': {
      scope: 'files:write',
      token: 'bot',
      handle(args) {
        const name = args.required('filename');
        const length = args.integer('length');
        if (length === undefined) throw refusal('invalid_arguments', ['missing required field: length']);
        if (length <= 0) throw refusal('invalid_arguments', ['must be greater than 0 [json-pointer:/length]']);
        const altText = args.text('alt_txt') ?? args.text('alt_text') ?? null;
        const { file, ticket } = files.announce({ name, user: APP.userId, altText }, length);
        return { upload_url: `${baseUrl()}/upload/v1/${ticket}`, file_id: file.id };
      },
    },
    'files.completeUploadExternal': {
      scope: 'files:write',
      token: 'bot',
      handle(args) {
        const listed = args.json('files');
        if (!Array.isArray(listed) || listed.length === 0) {
          throw refusal('invalid_arguments', ['missing required field: files']);
        }
        const channelId = args.text('channel_id') ?? args.text('channels');
        const channel = channelId ? joinedChannel(world, channelId) : null;
        const threadTs = args.text('thread_ts');
        const thread = channel && threadTs ? postedThread(world, channel, threadTs) : null;
        const comment = args.text('initial_comment') ?? '';
        const blocks = comment === '' ? (readBlocks(args.json('blocks')) ?? []) : [];
        const completed = listed.map((entry) => uploadedFile(dependencies, entry));
        for (const file of completed) file.state = 'completed';
        const answer = completed.map((file) => fileShapes.fileObject(file));
        if (channel !== null) {
          timers.after(options.processingMs, () => {
            for (const file of completed) file.state = 'shared';
            messages.post({
              channel: channel.id,
              user: APP.userId,
              text: comment,
              blocks,
              threadTs: thread,
              subtype: 'file_share',
              fileIds: completed.map((file) => file.id),
            });
          });
        }
        return { files: answer };
      },
    },
    'files.info': {
      scope: 'files:read',
      token: 'bot',
      handle(args) {
        const file = world.files.get(args.required('file'));
        if (file === undefined || file.state === 'awaiting-bytes') throw new SlackError('file_not_found');
        return { file: fileShapes.fileObject(file), comments: [], response_metadata: { next_cursor: '' } };
      },
    },
  };
}

/** A file of the call whose bytes are there and that was not completed before. */
function uploadedFile({ world }: MethodDependencies, entry: unknown): SlackFile {
  const { id, title } = (entry ?? {}) as { id?: unknown; title?: unknown };
  const file = typeof id === 'string' ? world.files.get(id) : undefined;
  if (file === undefined || file.user !== APP.userId || file.state === 'awaiting-bytes') {
    throw new SlackError('file_not_found');
  }
  if (file.state !== 'uploaded') throw new SlackError('file_update_failed');
  if (typeof title === 'string' && title !== '') file.title = title;
  return file;
}
