import { findImports } from '../../../setup/imports/find-imports.ts';
import { refuseImport } from '../../../setup/imports/rooms.ts';

describe('the check of imports', () => {
  it('finds every form of an import', () => {
    const source = `
      import a from 'a';
      import type { B } from './b.ts';
      import './c.ts';
      export { d } from './d.ts';
      export * from './e.ts';
      export type { F } from './f.ts';
      const g = await import('./g.ts');
      type H = import('./h.ts').H;
      const notOne = "import x from './x.ts'";
    `;
    expect(findImports(source, false).sort()).toEqual([
      ...['./b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts', './h.ts', 'a'],
    ]);
  });

  it('reads components', () => {
    expect(findImports(`import { A } from './a.tsx'; export const B = () => <A className="b" />;`, true)).toEqual([
      './a.tsx',
    ]);
  });

  it.each([
    ['contracts/ids.ts', 'store/database.ts'],
    ['workflows/thread-session.ts', 'activities/run-tool.ts'],
    ['slack/start-gateway.ts', 'simulators/slack/main.ts'],
    ['store/turns.ts', 'agent/errors.ts'],
    ['agent/prompt.ts', 'test/support/database.ts'],
    ['agent/prompt.ts', 'pg'],
    ['setup/postgres/wait.ts', 'dockerode'],
    ['workers/proxy.ts', 'credentials/open.ts'],
    ['cli/commands/keys.ts', 'credentials/open.ts'],
    ['new-room/file.ts', 'store/database.ts'],
  ])('refuses %s importing %s', (file, target) => {
    expect(refuseImport(file, target)).toBeDefined();
  });

  it.each([
    ['workers/proxy.ts', 'proxy/create-proxy.ts'],
    ['proxy/inject.ts', 'credentials/open.ts'],
    ['credentials/rewrap.ts', 'credentials/open.ts'],
    ['store/database.ts', 'pg'],
    ['test/e2e/tour.test.ts', 'simulators/slack/simulator.ts'],
    ['agent/prompt.ts', 'zod'],
    ['agent/prompt.ts', 'node:path'],
  ])('lets %s import %s', (file, target) => {
    expect(refuseImport(file, target)).toBeUndefined();
  });
});
