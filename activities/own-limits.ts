import type { TurnLimits } from '../contracts/activities.ts';
import type { OwnLimit, PersonalSettings } from '../store/personal-settings.ts';

/** The limits of a turn, lowered by what a person has set for themselves. A higher setting changes nothing. */
export function lowered(limits: TurnLimits, own: Pick<PersonalSettings, OwnLimit> | null): TurnLimits {
  return {
    steps: Math.min(limits.steps, own?.steps ?? limits.steps),
    minutes: Math.min(limits.minutes, own?.minutes ?? limits.minutes),
    tokens: Math.min(limits.tokens, own?.tokens ?? limits.tokens),
  };
}
