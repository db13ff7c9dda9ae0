import type { z } from 'zod';
import type { Changes } from '../changes.ts';
import type { ResponseUrls } from '../response-url.ts';
import type { MessageShapes } from '../shapes/message.ts';
import type { DeliveryQueue } from '../socket/delivery.ts';
import type { AppViews } from '../views/views.ts';
import type { Block } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import { ControlError } from './errors.ts';
import { actorNamed, channelOf } from './lookups.ts';
import type { actionRequest } from './requests.ts';

export interface ActionDependencies {
  readonly world: World;
  readonly changes: Changes;
  readonly delivery: DeliveryQueue;
  readonly responseUrls: ResponseUrls;
  readonly messageShapes: MessageShapes;
  readonly appViews: Pick<AppViews, 'trigger'>;
}

type Element = Readonly<Record<string, unknown>>;

/** A person's click on a button of a message of the app (docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
export function createActionSender(
  dependencies: ActionDependencies,
): (request: z.infer<typeof actionRequest>) => { readonly trigger: string } {
  const { world, changes, delivery, responseUrls, messageShapes, appViews } = dependencies;
  return (request) => {
    const person = actorNamed(world, request.as);
    const channel = channelOf(world, person, request.channel);
    const message = world.message(channel.id, request.ts);
    const ephemeral = world.ephemerals.find(
      (one) => one.channel === channel.id && one.ts === request.ts && one.visibleTo === person.id,
    );
    const original = message ?? ephemeral;
    if (original === undefined || original.user !== APP.userId) {
      throw new ControlError('no_such_message', `The app has no message ${request.ts} that ${person.name} can see.`);
    }
    const { block, element } = findElement(original.blocks, request.action_id, request.block_id, request.value);
    const threadTs = original.threadTs;
    const place = { channel: channel.id, ts: original.ts, threadTs, user: person.id };
    const trigger = appViews.trigger(person.id);
    delivery.interaction(
      {
        type: 'block_actions',
        user: { id: person.id, username: person.name, name: person.name, team_id: person.teamId },
        api_app_id: APP.id,
        token: 'simulator-verification-token',
        container: {
          type: 'message',
          message_ts: original.ts,
          channel_id: channel.id,
          is_ephemeral: message === undefined,
          ...(threadTs === null ? {} : { thread_ts: threadTs }),
        },
        trigger_id: trigger,
        team: { id: TEAM.id, domain: TEAM.domain },
        enterprise: null,
        is_enterprise_install: false,
        channel: { id: channel.id, name: channel.name || 'directmessage' },
        ...(message ? { message: messageShapes.messageObject(message) } : {}),
        state: { values: {} },
        response_url: responseUrls.issue({ ...place, isEphemeral: message === undefined }),
        actions: [
          {
            type: element.type,
            action_id: request.action_id,
            block_id: block.block_id,
            text: element.text,
            ...(element.value === undefined ? {} : { value: element.value }),
            ...(element.style === undefined ? {} : { style: element.style }),
            action_ts: world.nextTs(),
          },
        ],
      },
      (acknowledged) => changes.add('action', { ...place, actionId: request.action_id, acknowledged }),
    );
    return { trigger };
  };
}

/** The element that a person clicks: the first with this action id, and with this block id and value where they are given. */
export function findElement(
  blocks: readonly Block[],
  actionId: string,
  blockId: string | undefined,
  value: string | undefined,
) {
  for (const block of blocks) {
    if (blockId !== undefined && block.block_id !== blockId) continue;
    const element = elementsOf(block).find(
      (one) => one.action_id === actionId && (value === undefined || one.value === value),
    );
    if (element) return { block, element };
  }
  throw new ControlError('no_such_action', `This message or view has no element with the action id ${actionId}.`);
}

function elementsOf(block: Block): Element[] {
  const listed = Array.isArray(block.elements) ? block.elements : [];
  return [...listed, block.accessory].filter((one): one is Element => one !== null && typeof one === 'object');
}
