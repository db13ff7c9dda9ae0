import type { z } from 'zod';
import type { AppEvents } from '../events/app-events.ts';
import type { Conversations } from '../operations/conversations.ts';
import type { DeliveryQueue } from '../socket/delivery.ts';
import { fields, viewProblems } from '../views/view-checks.ts';
import { type AppView, type AppViews, shown, viewObject } from '../views/views.ts';
import type { Person } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import { findElement } from './actions.ts';
import { ControlError } from './errors.ts';
import { actorNamed } from './lookups.ts';
import type { homeActionRequest, homeRequest, submitRequest } from './requests.ts';

export interface ViewActsDependencies {
  readonly world: World;
  readonly events: AppEvents;
  readonly conversations: Conversations;
  readonly delivery: DeliveryQueue;
  readonly appViews: AppViews;
}

/** What became of a submission: an app that says nothing closes the modal. */
export interface Submitted {
  readonly acknowledged: boolean;
  readonly closed: boolean;
  readonly errors: Readonly<Record<string, string>>;
}

/** What people do in modals and in the app's Home tab. */
export function createViewActs({ world, events, conversations, delivery, appViews }: ViewActsDependencies) {
  const common = (person: Person) => ({
    team: { id: TEAM.id, domain: TEAM.domain },
    user: { id: person.id, username: person.name, name: person.name, team_id: person.teamId },
    api_app_id: APP.id,
    token: 'simulator-verification-token',
    trigger_id: appViews.trigger(person.id),
    enterprise: null,
    is_enterprise_install: false,
  });

  return {
    openHome({ as }: z.infer<typeof homeRequest>): void {
      const person = actorNamed(world, as);
      const { channel } = conversations.openDm(person.id);
      const home = appViews.homeOf(person.id);
      events.homeOpened(channel, person.id, 'home', home ? viewObject(home) : undefined);
    },

    /** A click on a button of the Home tab. */
    pressAtHome({ as, action_id: actionId, block_id: blockId, value }: z.infer<typeof homeActionRequest>): void {
      const person = actorNamed(world, as);
      const view = appViews.homeOf(person.id);
      if (!view) throw new ControlError('no_such_view', `${person.name} has no Home tab of the app.`);
      const { block, element } = findElement(view.blocks, actionId, blockId, value);
      delivery.interaction(
        {
          type: 'block_actions',
          ...common(person),
          container: { type: 'view', view_id: view.id },
          view: viewObject(view),
          state: { values: {} },
          actions: [
            {
              type: element.type,
              action_id: actionId,
              block_id: block.block_id,
              text: element.text,
              ...(element.value === undefined ? {} : { value: element.value }),
              action_ts: world.nextTs(),
            },
          ],
        },
        () => {},
      );
    },

    /** Fills in and sends the modal that the person has open. Slack's client does not send one that lacks something. */
    async submit({ as, values }: z.infer<typeof submitRequest>): Promise<Submitted> {
      const person = actorNamed(world, as);
      const view = appViews.modalOf(person.id);
      if (!view) throw new ControlError('no_such_view', `${person.name} has no modal open.`);
      const payload = {
        type: 'view_submission',
        ...common(person),
        view: viewObject(view, statesOf(view, values)),
        response_urls: [],
      };
      const { acknowledged, answer } = await delivery.answered(payload);
      if (!acknowledged) return { acknowledged, closed: false, errors: { '': 'We had some trouble connecting.' } };
      return { acknowledged, ...settle(view, fields(answer)) };
    },

    dismiss({ as }: z.infer<typeof homeRequest>): void {
      const view = appViews.modalOf(actorNamed(world, as).id);
      if (view) appViews.close(view);
    },

    modal: (as: string) => {
      const view = appViews.modalOf(actorNamed(world, as).id);
      return view ? shown(view) : null;
    },
    home: (as: string) => {
      const view = appViews.homeOf(actorNamed(world, as).id);
      return view ? shown(view) : null;
    },
  };

  /** What the app answers to a submission (docs.slack.dev/surfaces/modals, "Handling view submission"). */
  function settle(view: AppView, answer: Readonly<Record<string, unknown>>): Omit<Submitted, 'acknowledged'> {
    switch (answer.response_action) {
      case undefined:
      case 'clear':
        appViews.close(view);
        return { closed: true, errors: {} };
      case 'errors': {
        const errors = fields(answer.errors) as Record<string, string>;
        const inputs = view.blocks.filter(({ type }) => type === 'input').map((block) => block.block_id);
        const strange = Object.keys(errors).filter((id) => !inputs.includes(id));
        if (strange.length > 0 || Object.keys(errors).length === 0) {
          throw new ControlError('bad_answer', `The app's errors name no input: ${strange.join(', ')}.`);
        }
        appViews.refuse(view, errors);
        return { closed: false, errors };
      }
      case 'update': {
        const problems = viewProblems(answer.view, 'modal');
        if (problems.length > 0) throw new ControlError('bad_answer', problems.join('; '));
        appViews.replace(view, fields(answer.view));
        return { closed: false, errors: {} };
      }
      default:
        throw new ControlError('bad_answer', `The app answered ${String(answer.response_action)}.`);
    }
  }
}

function statesOf(view: AppView, values: Readonly<Record<string, string>>) {
  const states: Record<string, Record<string, unknown>> = {};
  for (const block of view.blocks.filter(({ type }) => type === 'input')) {
    const element = fields(block.element);
    const value = values[String(element.action_id)] ?? '';
    if (value === '' && block.optional !== true) {
      throw new ControlError('not_possible', `Slack asks for a value of ${String(element.action_id)}.`);
    }
    if (element.type === 'static_select') {
      const chosen = (element.options as readonly unknown[]).map(fields).find((option) => option.value === value);
      if (!chosen && value !== '') throw new ControlError('not_possible', `Slack offers no such choice: ${value}.`);
      const state = { type: element.type, selected_option: chosen ?? null };
      states[String(block.block_id)] = { [String(element.action_id)]: state };
      continue;
    }
    if (value.length > Number(element.max_length ?? 3_000) || value.length < Number(element.min_length ?? 0)) {
      throw new ControlError('not_possible', `Slack takes no value of that length for ${String(element.action_id)}.`);
    }
    states[String(block.block_id)] = {
      [String(element.action_id)]: { type: element.type, value: value === '' ? null : value },
    };
  }
  return states;
}
