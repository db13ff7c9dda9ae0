import { createCrowdMeter } from '../../../slack/receiving/crowd-meter.ts';

function setUp() {
  const clock = { now: 1_000 };
  const meter = createCrowdMeter(() => clock.now);
  return {
    seen: meter.seen,
    pass: (ms: number) => (clock.now += ms),
    /** Events that come evenly within some time. */
    come(events: number, withinMs: number) {
      for (let n = 0; n < events; n += 1) {
        meter.note();
        clock.now += withinMs / events;
      }
    },
  };
}

test('twenty events within half a second are a crowd, and fewer are none', () => {
  const few = setUp();
  few.come(19, 100);
  expect(few.seen()).toBe('none');
  const many = setUp();
  many.come(20, 100);
  expect(many.seen()).toBe('rising');
  many.pass(500);
  expect(many.seen()).toBe('none');
});

test('a crowd rises for a second, and lasts from then on', () => {
  const { come, seen } = setUp();
  come(90, 900);
  expect(seen()).toBe('rising');
  come(60, 600);
  expect(seen()).toBe('lasting');
});

test('a crowd that comes back at once does not rise again, and one after a pause does', () => {
  const { come, pass, seen } = setUp();
  come(150, 1_500);
  pass(1_000);
  expect(seen()).toBe('none');
  come(30, 100);
  expect(seen()).toBe('lasting');
  pass(3_000);
  come(30, 100);
  expect(seen()).toBe('rising');
});
