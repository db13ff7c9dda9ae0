import { planOf, SHORT_FORM } from '../../../bench/chaos/plan.ts';
import { describeStrike } from '../../../bench/chaos/player.ts';
import { runChaos } from '../../../bench/chaos/run-chaos.ts';

test('a power cut, kills, ends and freezes of every process lose nothing, double nothing and leave nothing behind', async () => {
  const { prologue, strikes } = planOf(SHORT_FORM);
  const ended = new AbortController();
  const told: string[] = [];
  const result = await runChaos({
    ...SHORT_FORM,
    evidence: null,
    signal: ended.signal,
    tell: (line) => void told.push(line),
  });
  const replay = `npm run bench:chaos -- --seed ${SHORT_FORM.seed} --faults ${SHORT_FORM.faults}`;
  const story = [...strikes.map(describeStrike), ...told, replay].join('\n');
  expect({ findings: result.findings, story }).toEqual({ findings: [], story });
  expect(result.struck).toBe(SHORT_FORM.faults);
  expect(result.said).toBe(prologue.length + strikes.flatMap(({ sayings }) => sayings).length + strikes.length);
}, 240_000);
