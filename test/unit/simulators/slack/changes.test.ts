import { createChanges } from '../../../../simulators/slack/changes.ts';

describe('the feed of changes', () => {
  it('gives what came after a number, and nothing to a reader that is up to date', () => {
    const changes = createChanges(100);
    changes.add('app', 'a');
    changes.add('app', 'b');
    expect(changes.since(101)?.map((change) => change.data)).toEqual(['b']);
    expect(changes.since(100)?.map((change) => change.data)).toEqual(['a', 'b']);
    expect(changes.since(102)).toEqual([]);
  });

  it('tells a reader of another process, or one too far behind, to read everything again', () => {
    const changes = createChanges(100, 10);
    expect(changes.since(50)).toBeNull();
    expect(changes.since(101)).toBeNull();
    expect(changes.since(100)).toEqual([]);
    for (let number = 0; number < 30; number += 1) changes.add('app', number);
    expect(changes.since(105)).toBeNull();
    expect(changes.since(128)).toHaveLength(2);
  });
});
