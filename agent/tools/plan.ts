import { z } from 'zod';
import { PLAN_STATES } from '../../contracts/plan.ts';
import { wordsOfOthers } from '../words-of-others.ts';
import { defineTool } from './define-tool.ts';
import { said } from './tool.ts';

const MOST_STEPS = 12;
const MOST_LETTERS = 120;

const schema = z.object({
  steps: z
    .array(
      z.object({
        step: z
          .string()
          .min(1)
          .max(500)
          .describe('What is done, in a few words as a person would say it: "run the tests".'),
        state: z
          .enum(PLAN_STATES)
          .default('open')
          .describe('`now` for the one under way, `done` for what is finished.'),
      }),
    )
    .min(1)
    .max(MOST_STEPS)
    .describe('The whole plan each time, in its order.'),
});

/** Idempotent, because the whole plan is written each time, and one of an earlier step never over that of a later one. */
export const plan = defineTool({
  name: 'plan',
  description: [
    'Shows people your plan as a checklist in the thread, and how far you are. It is there while you work and does nothing else.',
    '- Use it for work of three steps or more, before the first of them, and again whenever a step is done or the plan changes.',
    '- Steps are what people care about, such as "find why the test fails", not single commands. One is `now`.',
  ].join('\n'),
  schema,
  parallel: false,
  idempotent: true,
  async run(context, { steps }) {
    await context.showPlan(steps.map(({ step, state }) => ({ step: wordsOfOthers(step, MOST_LETTERS), state })));
    return said('The plan is shown in the thread.');
  },
});
