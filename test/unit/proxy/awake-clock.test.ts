import { createAwakeClock } from '../../../proxy/lease/awake-clock.ts';

function setUp() {
  let time = 1_000;
  const clock = createAwakeClock({ now: () => time });
  return { clock, pass: (ms: number) => (time += ms) };
}

test('while it is looked at it counts like any clock', () => {
  const { clock, pass } = setUp();
  const begun = clock.now();
  for (let look = 0; look < 100; look += 1) {
    pass(250);
    clock.now();
  }
  expect(clock.now() - begun).toBe(25_000);
});

test('of a standstill it counts five seconds, however long that was', () => {
  const { clock, pass } = setUp();
  const begun = clock.now();
  pass(4_999);
  expect(clock.now() - begun).toBe(4_999);
  pass(3_600_000);
  expect(clock.now() - begun).toBe(9_999);
  // A second look is no second standstill.
  expect(clock.now() - begun).toBe(9_999);
});
