import { slackId } from '../world/ids.ts';
import type { Channel } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import type { AppEvent } from './app-events.ts';

/** An `event_callback`, the body both Socket Mode and HTTP deliver (docs.slack.dev/apis/events-api). */
export interface EventCallback {
  readonly type: 'event_callback';
  readonly event_id: string;
  readonly event: AppEvent;
  readonly [field: string]: unknown;
}

/** @param now milliseconds since 1970 */
export function eventCallback(event: AppEvent, channel: Channel, now: number): EventCallback {
  return {
    token: 'simulator-verification-token',
    team_id: TEAM.id,
    context_team_id: TEAM.id,
    context_enterprise_id: null,
    api_app_id: APP.id,
    event,
    type: 'event_callback',
    event_id: slackId('Ev'),
    event_time: Math.floor(now / 1000),
    authorizations: [
      { enterprise_id: null, team_id: TEAM.id, user_id: APP.userId, is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: channel.isExtShared,
    event_context: `4-${event.type}`,
  };
}
