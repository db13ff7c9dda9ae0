import type { Person } from '../world/types.ts';
import { TEAM } from '../world/workspace.ts';

/**
 * A user object as `users.info` gives it (docs.slack.dev/reference/objects/user-object).
 * @param deleted the account was deactivated
 */
export function userObject(person: Person, deleted = false): Record<string, unknown> {
  const ownTeam = person.teamId === TEAM.id;
  return {
    id: person.id,
    team_id: person.teamId,
    name: person.name,
    deleted,
    real_name: person.realName,
    tz: person.tz,
    tz_label: person.tz,
    tz_offset: offsetSeconds(person.tz),
    profile: {
      title: person.title,
      real_name: person.realName,
      real_name_normalized: person.realName,
      display_name: person.name,
      display_name_normalized: person.name,
      team: person.teamId,
      ...(person.email === null ? {} : { email: person.email }),
      ...(person.bot === null ? {} : { bot_id: person.bot.botId, api_app_id: person.bot.appId }),
    },
    is_bot: person.kind === 'bot',
    is_app_user: false,
    updated: (deleted ? 1_767_312_000 : 1_767_225_600) + (person.changes ?? 0),
    // Slack tells neither role nor restriction of people of another organization.
    ...(ownTeam
      ? {
          is_admin: person.kind === 'admin',
          is_owner: false,
          is_primary_owner: false,
          is_restricted: person.kind === 'guest' || person.kind === 'single-channel-guest',
          is_ultra_restricted: person.kind === 'single-channel-guest',
        }
      : { is_stranger: true }),
  };
}

function offsetSeconds(tz: string): number {
  const name = new Intl.DateTimeFormat('en', { timeZone: tz, timeZoneName: 'longOffset' })
    .formatToParts()
    .find((part) => part.type === 'timeZoneName')?.value;
  const match = /([+-])(\d\d):(\d\d)/.exec(name ?? '');
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}
