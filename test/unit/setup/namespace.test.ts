import { commandsForLacks } from '../../../setup/temporal/namespace.ts';

const AT = ['team-a', 'temporal.example:7233'] as const;

describe('what a Temporal server of someone else lacks', () => {
  it('is nothing when all is there, whatever its retention', () => {
    expect(commandsForLacks({ exists: true, retentionHours: 24, missingAttributes: [] }, ...AT)).toEqual([]);
  });

  it('is named with the commands that add it', () => {
    const state = { exists: false, retentionHours: 0, missingAttributes: ['BellhopTeam', 'BellhopScope'] };
    expect(commandsForLacks(state, ...AT)).toEqual([
      'temporal operator namespace create --retention 720h --namespace team-a --address temporal.example:7233',
      'temporal operator search-attribute create --name BellhopTeam --type Keyword --name BellhopScope --type Keyword --namespace team-a --address temporal.example:7233',
    ]);
  });
});
