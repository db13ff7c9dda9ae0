import path from 'node:path';
import { workflowBundle } from '../../workers/workflow-bundle.ts';

console.log(await workflowBundle(path.join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'bellhop')));
