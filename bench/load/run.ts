/** `npm run bench:load`: what happens when many people come at once. */
import { runBenches } from '../run-benches.ts';
import { SCENARIOS } from './scenarios.ts';

await runBenches('npm run bench:load', SCENARIOS);
