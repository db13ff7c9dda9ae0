import { whatItDoes } from '../../../agent/tools/what-it-does.ts';

test.each([
  ['npm test', 'running the tests'],
  ['cd shop && npm ci && npm test -- deploy 2>&1 | tail -40', 'running the tests'],
  ['CI=1 timeout 600 npx jest test/a.test.ts', 'running the tests'],
  ['python3 -m pytest -q', 'running the tests'],
  ['./gradlew :app:test', 'running the tests'],
  ['cd /workspace/shop && npm ci', 'installing packages'],
  ['git clone -q https://git.acme.test/acme/shop.git', 'cloning a repository'],
  ['git commit -qam "Fix it" && git push -q origin HEAD:bellhop/fix', 'pushing a branch'],
  ['gh pr create --draft --fill', 'opening a pull request'],
  ['make -j4', 'building it'],
  ['curl -s https://api.acme.test/v1/signups | jq .', 'asking a server'],
  ['rg -n TODO src', 'looking around'],
  ['python3 chart.py', 'running python3'],
  ['/usr/bin/sleep 600', 'running sleep'],
  ["echo 'git push'", null],
  ['$(printf x)', null],
  ['cd shop', null],
  ['', null],
])('%s is %s', (command, words) => {
  expect(whatItDoes('bash', { command })).toBe(words);
});

test('a file is named without its folders', () => {
  expect(whatItDoes('edit_file', { path: '/workspace/shop/deploy.test.ts' })).toBe('editing deploy.test.ts');
  expect(whatItDoes('read_file', {})).toBeNull();
  expect(whatItDoes('plan', { path: 'x' })).toBeNull();
  expect(whatItDoes('bash', null)).toBeNull();
});

test.each(['cd ', 'a=b ', 'sudo ', '; ', 'mvn x', '|| ', 'timeout '])(
  'a long command of %p is read in a moment',
  (part) => {
    const began = performance.now();
    whatItDoes('bash', { command: part.repeat(50_000) });
    expect(performance.now() - began).toBeLessThan(500);
  },
);
