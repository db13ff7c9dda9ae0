import type { Sockets } from '../socket/sockets.ts';
import { APP } from '../world/workspace.ts';
import { SlackError } from './errors.ts';
import type { Methods } from './method.ts';

/** docs.slack.dev/reference/methods/apps.connections.open */
export function connectionMethods(sockets: Sockets, baseUrl: () => string): Methods {
  return {
    'apps.connections.open': {
      scope: null,
      token: 'app',
      handle() {
        const ticket = sockets.issueTicket();
        if (ticket === null) throw new SlackError('too_many_websockets');
        const address = baseUrl().replace(/^http/, 'ws');
        return { url: `${address}/link/?ticket=${ticket}&app_id=${APP.id}` };
      },
    },
  };
}
