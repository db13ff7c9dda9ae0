import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import type { OutsiderRule } from '../../../access/outsiders.ts';
import { inTransaction } from '../../../store/database.ts';
import { changePolicy, currentPolicy, policyRevision } from '../../../store/policy.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { until } from '../../support/until.ts';

/** Who is in a channel decides whether the agent works there. A real gateway, the simulated Slack, the policy as it is read in production. */
let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start();
}, 60_000);
afterEach(() => stage.slack.clearFaults());
afterAll(() => stage?.[Symbol.asyncDispose]());

type Said = Pick<AccessDocument['scopes'][number], 'guests' | 'sharedChannels'>;

async function apply(said: Said): Promise<void> {
  const organization = {
    scope: 'organization',
    label: 'organization',
    enabled: null,
    bundles: [],
    instructions: '',
  } as const;
  await inTransaction(stage.db.database, (tx) =>
    changePolicy(tx, async ({ version }) => {
      const document = { ...EMPTY_DOCUMENT, version, scopes: [{ ...organization, ...said }] };
      return { next: { document, source: '', appliedBy: 'test' }, result: undefined };
    }),
  );
}

const REFUSED = {
  guests: /Guests are in this channel/,
  guest: /Guests cannot/,
  shared: /shared with another/,
  external: /not for people of other/,
};

describe.each<OutsiderRule>(['refuse', 'channel-only', 'allow'])('with %s', (rule) => {
  beforeAll(() => apply({ guests: rule, sharedChannels: rule }));

  test.each([
    ['a member where only members are', 'ada', 'platform-eng', null],
    ['a member beside guests', 'ada', 'partners', REFUSED.guests],
    ['another member beside guests', 'grace', 'partners', REFUSED.guests],
    ['a guest', 'gia', 'partners', REFUSED.guest],
    ['a member in a shared channel', 'ada', 'acme-globex', REFUSED.shared],
    ['somebody of the other organization', 'hal', 'acme-globex', REFUSED.external],
  ] as const)('%s', async (_, as, channel, refused) => {
    const mention = await stage.slack.post(as, channel, '@bellhop what is new?');
    if (rule === 'refuse' && refused) {
      await until(
        async () => (await stage.inbox()).find(({ ts }) => ts === mention.ts)?.state === 'refused',
        'the refusal',
      );
      expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
    } else {
      await stage.slack.waitForReaction(mention, 'eyes');
    }
  });
});

test('each setting is for its own kind of outsiders', async () => {
  await apply({ guests: 'allow' });
  await stage.slack.waitForReaction(await stage.slack.post('ada', 'partners', '@bellhop hello'), 'eyes');
  const shared = await stage.slack.post('ada', 'acme-globex', '@bellhop hello');
  await until(async () => (await stage.inbox()).find(({ ts }) => ts === shared.ts)?.state === 'refused', 'the refusal');
});

test('the notice of a place comes once and names the setting', async () => {
  await apply({});
  const { slack } = stage;
  await slack.invite('my-code', 'sol');
  const first = await slack.post('ada', 'my-code', '@bellhop one');
  await slack.waitForAnswer(first, /`guests: channel-only`/);
  const second = await slack.post('grace', 'my-code', '@bellhop two');
  await slack.waitForReaction(second, 'no_entry_sign');
  expect(await slack.answers(second)).toHaveLength(0);
  await slack.dismiss('my-code', 'sol');
  await slack.waitForReaction(await slack.post('ada', 'my-code', '@bellhop three'), 'eyes');
});

/** Names of channels with guests, as every process reads them. */
async function mixed(): Promise<string[]> {
  const { mixed: found = [] } = await currentPolicy(stage.db.database);
  return found.filter(({ guests }) => guests).map(({ name }) => name);
}

test('a guest who joins while a turn runs is part of the policy, without another message', async () => {
  const { slack, db } = stage;
  await slack.waitForReaction(await slack.post('ada', 'secops', '@bellhop go'), 'eyes');
  const revision = await policyRevision(db.database);
  expect(await mixed()).not.toContain('secops');
  await slack.invite('secops', 'gia');
  await until(async () => (await mixed()).includes('secops'), 'the channel to have a guest');
  expect(await policyRevision(db.database)).not.toBe(revision);
  await slack.dismiss('secops', 'gia');
  await until(async () => !(await mixed()).includes('secops'), 'the guest to be gone');
});

test('a member who becomes a guest counts wherever they are, and no longer when they are a member again', async () => {
  const { slack } = stage;
  await slack.waitForReaction(await slack.post('ada', 'secops', '@bellhop before'), 'eyes');
  await slack.classify('linus', 'guest');
  await until(async () => (await mixed()).includes('secops'), 'the private channel to have a guest');
  await until(async () => (await mixed()).includes('platform-eng'), 'the public channel to have a guest');
  const refused = await slack.post('ada', 'secops', '@bellhop during');
  await slack.waitForAnswer(refused, /Guests are in this channel/);
  await slack.classify('linus', 'member');
  await until(async () => !(await mixed()).includes('secops'), 'no guest to be there');
  await slack.waitForReaction(await slack.post('ada', 'secops', '@bellhop after'), 'eyes');
});

test('while Slack does not say who is in a channel, nothing is worked on there', async () => {
  const { slack, db } = stage;
  await db.database.query("update channel set members_read_at = 'epoch' where name = 'general'");
  await slack.fault({ failWith: 'conversations.members', error: 'internal_error', times: 1_000 });
  const mention = await slack.post('ada', 'general', '@bellhop hello');
  const isTried = async () => Number((await stage.inbox()).find(({ ts }) => ts === mention.ts)?.attempts ?? 0) > 0;
  await until(isTried, 'a try');
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
  await slack.clearFaults();
  await slack.waitForReaction(mention, 'eyes');
}, 60_000);
