/** `npm run bench`: what the path of one mention costs, beside peers. */
import { access } from './access/access.ts';
import { reaction } from './reaction.ts';
import { requests } from './requests.ts';
import { runBenches } from './run-benches.ts';
import { sandbox } from './sandbox.ts';
import { start } from './start.ts';
import { turn } from './turn.ts';

await runBenches('npm run bench', [reaction, sandbox, turn, requests, access, start]);
