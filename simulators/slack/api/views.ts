import { viewProblems } from '../views/view-checks.ts';
import { type AppViews, viewObject } from '../views/views.ts';
import type { World } from '../world/world.ts';
import type { Arguments } from './arguments.ts';
import { refusal, SlackError } from './errors.ts';
import type { Methods } from './method.ts';

/** Modals and the Home tab. Any bot token may show them. */
export function viewMethods(world: World, views: AppViews): Methods {
  const read = (args: Arguments, type: 'modal' | 'home'): Readonly<Record<string, unknown>> => {
    const view = args.json('view');
    if (view === undefined) throw refusal('invalid_arguments', ['missing required field: view']);
    const problems = viewProblems(view, type);
    if (problems.length > 0) throw refusal('invalid_arguments', problems);
    return view as Readonly<Record<string, unknown>>;
  };
  return {
    'views.open': {
      scope: null,
      token: 'bot',
      handle(args) {
        const trigger = args.required('trigger_id');
        return { view: viewObject(views.open(trigger, read(args, 'modal'))) };
      },
    },
    'views.publish': {
      scope: null,
      token: 'bot',
      handle(args) {
        const user = args.required('user_id');
        if (!world.people.some(({ id }) => id === user)) throw new SlackError('user_not_found');
        const hash = args.text('hash');
        if (hash !== undefined && views.homeOf(user)?.hash !== hash) throw new SlackError('hash_conflict');
        return { view: viewObject(views.publish(user, read(args, 'home'))) };
      },
    },
    'views.update': {
      scope: null,
      token: 'bot',
      handle(args) {
        const view = views.find(args.required('view_id'));
        if (view === undefined) throw new SlackError('not_found');
        return { view: viewObject(views.replace(view, read(args, view.type))) };
      },
    },
  };
}
