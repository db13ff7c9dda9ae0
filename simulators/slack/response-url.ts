import type { FastifyInstance } from 'fastify';
import { createArguments } from './api/arguments.ts';
import { isEmpty, MOST_TEXT, readContent } from './api/content.ts';
import { SlackError } from './api/errors.ts';
import type { Changes } from './changes.ts';
import type { Messages } from './operations/messages.ts';
import type { Timers } from './timers.ts';
import { secretId } from './world/ids.ts';
import type { Ephemeral } from './world/types.ts';
import { APP } from './world/workspace.ts';
import type { World } from './world/world.ts';

/** Which message was acted on, and by whom. */
export interface ResponseOrigin {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly user: string;
  readonly isEphemeral: boolean;
}

export interface ResponseUrls {
  /** An address good for five answers within 30 minutes. */
  issue(origin: ResponseOrigin): string;
  register(server: FastifyInstance): void;
}

export interface ResponseUrlDependencies {
  readonly world: World;
  readonly changes: Changes;
  readonly messages: Messages;
  readonly timers: Timers;
  readonly baseUrl: () => string;
}

const MOST_USES = 5;
const LIFE_MS = 30 * 60_000;

/** docs.slack.dev/interactivity/handling-user-interaction#message_responses */
export function createResponseUrls(dependencies: ResponseUrlDependencies): ResponseUrls {
  const { world, changes, messages, timers, baseUrl } = dependencies;
  const issued = new Map<string, { readonly origin: ResponseOrigin; uses: number }>();

  function respond(origin: ResponseOrigin, body: Record<string, unknown>): void {
    const args = createArguments(body);
    const content = readContent(args, MOST_TEXT);
    const original = world.message(origin.channel, origin.ts);
    if (args.flag('delete_original')) {
      if (original) messages.remove(original);
      else removeEphemeral(origin);
      return;
    }
    if (isEmpty(content)) throw new SlackError('no_text');
    const said = { text: content.text ?? '', blocks: content.blocks ?? [] };
    if (args.flag('replace_original')) {
      if (original) messages.edit(original, APP.userId, { ...said, marked: content.blocks === undefined });
      else {
        removeEphemeral(origin);
        whisper(origin, said);
      }
      return;
    }
    const threadTs = args.text('thread_ts') ?? origin.threadTs;
    if (args.text('response_type') === 'in_channel') {
      messages.post({ channel: origin.channel, user: APP.userId, threadTs, ...said });
    } else {
      whisper({ ...origin, threadTs }, said);
    }
  }

  function whisper(origin: ResponseOrigin, said: Pick<Ephemeral, 'text' | 'blocks'>): void {
    const { channel, threadTs, user: visibleTo } = origin;
    const ephemeral = { channel, ts: world.nextTs(), threadTs, user: APP.userId, visibleTo, ...said };
    world.ephemerals.push(ephemeral);
    changes.add('ephemeral', ephemeral);
  }

  function removeEphemeral({ channel, ts }: ResponseOrigin): void {
    const index = world.ephemerals.findIndex((one) => one.channel === channel && one.ts === ts);
    if (index < 0) return;
    world.ephemerals.splice(index, 1);
    changes.add('ephemeral-removed', { channel, ts });
  }

  return {
    issue(origin) {
      const secret = secretId();
      issued.set(secret, { origin, uses: 0 });
      timers.after(LIFE_MS, () => issued.delete(secret));
      return `${baseUrl()}/actions/${secret}`;
    },
    register(server) {
      server.post<{ Params: { secret: string } }>('/actions/:secret', (request, reply) => {
        const entry = issued.get(request.params.secret);
        if (entry === undefined) return reply.code(404).type('text/plain').send('expired_url');
        if (entry.uses >= MOST_USES) return reply.code(404).type('text/plain').send('used_url');
        entry.uses += 1;
        try {
          const body: unknown = JSON.parse(request.body instanceof Buffer ? request.body.toString('utf8') : '');
          respond(entry.origin, body !== null && typeof body === 'object' ? { ...body } : {});
        } catch (error) {
          const code = error instanceof SlackError ? error.code : 'invalid_payload';
          return reply
            .code(error instanceof SlackError ? 404 : 400)
            .type('text/plain')
            .send(code);
        }
        return reply.type('text/plain').send('ok');
      });
    },
  };
}
