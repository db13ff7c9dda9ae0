import { workRef } from '../../../cli/find/work-ref.ts';

test.each([
  ['acme/shop#12', undefined, 'acme/shop', { pullRequest: 12 }],
  ['group/sub/app!7', undefined, 'group/sub/app', { pullRequest: 7 }],
  ['https://github.com/acme/shop/pull/12', undefined, 'acme/shop', { pullRequest: 12 }],
  ['https://git.test/acme/shop/pulls/12/files', undefined, 'acme/shop', { pullRequest: 12 }],
  ['https://gitlab.test/g/sub/app/-/merge_requests/3', undefined, 'g/sub/app', { pullRequest: 3 }],
  ['acme/shop', 'bellhop/fix', 'acme/shop', { branch: 'bellhop/fix' }],
  ['acme/shop', 'refs/heads/bellhop/fix', 'acme/shop', { branch: 'bellhop/fix' }],
])('%s %s', (where, second, repository, wanted) => {
  expect(workRef(where, second)).toEqual({ repository, wanted });
});

test.each([
  ['https://acme.slack.com/archives/C1/p1712345678000100', undefined],
  ['slack:T1:C1:1.0', undefined],
  ['#general', '1712345678.000100'],
  ['acme', '1712345678.000100'],
])('%s %s is something else', (where, second) => {
  expect(workRef(where, second)).toBeNull();
});
