import { findPerson } from '../../../store/people.ts';
import { personalSettingsOf, setOwnInstructions } from '../../../store/personal-settings.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const ADA = { team: TEAM, person: 'U0000000ADA' };

let stage: GatewayStage;
let models: readonly string[] = ['large', 'small'];
/** Happens after the person of a command was looked up, and before anything is stored. */
let between: () => Promise<void> = async () => {};

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start({
    models: async () => {
      await between();
      return models;
    },
    whyOff: async () => null,
  });
}, 60_000);
beforeEach(async () => {
  models = ['large', 'small'];
  await stage.db.database.query('delete from personal_settings');
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const settings = () => personalSettingsOf(stage.db.database, ADA);

async function ask(as: string, text: string, matches: RegExp): Promise<[SimMessage, SimMessage]> {
  const message = await stage.slack.post(as, await stage.slack.openDm(as), text);
  return [message, await stage.slack.waitForAnswer(message, matches)];
}

test('instructions are written in a form, changed there, and removed; no turn begins', async () => {
  const { slack } = stage;
  const [asked, answer] = await ask('ada', 'instructions', /no instructions of your own/);
  await slack.click('ada', answer, 'bellhop_instructions');
  const form = await slack.waitForModal('ada');
  expect(form.title).toBe('Your instructions');
  const token = await slack.submit('ada', { instructions: `My key is ghp_${'a1'.repeat(18)}` });
  expect(token.errors.instructions).toMatch(/looks like a token of GitHub/);
  expect((await settings()).instructions).toBe('');
  expect(await slack.submit('ada', { instructions: ' Answer in German. ' })).toMatchObject({
    closed: true,
    errors: {},
  });
  expect((await settings()).instructions).toBe('Answer in German.');

  await slack.openHome('ada');
  await slack.waitForHome('ada', /Instructions\*: 17 characters/);
  await slack.pressAtHome('ada', 'bellhop_instructions', 'instructions');
  expect(JSON.stringify((await slack.waitForModal('ada')).blocks)).toContain('Answer in German.');
  await slack.submit('ada', { instructions: 'Answer in French.' });
  await slack.waitForHome('ada', /Instructions\*: 17 characters/);
  expect((await settings()).instructions).toBe('Answer in French.');

  const [, now] = await ask('ada', 'my instructions', /of 17 characters/);
  expect(everyText(now)).not.toContain('French');
  await ask('ada', 'clear instructions', /no instructions of your own any more/);
  expect((await settings()).instructions).toBe('');
  expect(await stage.runs(stage.sessionOf(asked))).toBe(0);
});

test('a model is chosen among those that are left to people', async () => {
  await ask('ada', 'model', /usual model.*You can choose: large, small/s);
  await ask('ada', 'model huge', /cannot choose huge. You can choose: large, small, or `usual`/);
  await ask('ada', 'model small', /the model small answers you here/);
  expect((await settings()).model).toBe('small');
  models = ['large'];
  await ask('ada', 'model', /usual model.*small, which you have chosen, cannot be chosen any more/s);
  models = [];
  await ask('ada', 'model', /no model that you can choose here.*people: \{ models/s);
  await ask('ada', 'model usual', /the usual model answers you here/);
  expect((await settings()).model).toBeNull();
});

test('limits are set one by one, and removed together', async () => {
  await ask('ada', 'limits', /the usual ones/);
  await ask('ada', 'limits 20 steps', /20 steps/);
  await ask('ada', 'limits 200,000 tokens', /20 steps, 200,000 tokens/);
  await ask('ada', 'limits 0 minutes', /between 1 and 10,000/);
  expect(await settings()).toMatchObject({ steps: 20, minutes: null, tokens: 200_000 });
  await ask('ada', 'limits none', /the usual ones/);
  expect(await settings()).toMatchObject({ steps: null, minutes: null, tokens: null });
  const rows = 'select 1 from personal_settings where person = $1';
  expect((await stage.db.database.query(rows, [ADA.person])).rowCount).toBe(0);
});

test('in a channel these words are work, and nobody else has them', async () => {
  const { slack } = stage;
  await ask('ada', 'model large', /answers you here/);
  const message = await slack.post('grace', '#platform-eng', '@bellhop model small');
  await until(async () => (await stage.runs(stage.sessionOf(message))) > 0, 'a turn in the channel');
  await ask('grace', 'model', /usual model/);
  const { rows } = await stage.db.database.query('select person, model from personal_settings');
  expect(rows).toEqual([{ person: ADA.person, model: 'large' }]);
});

test('the end of an account takes its settings along', async () => {
  await setOwnInstructions(stage.db.database, { team: TEAM, person: 'U00000GRACE' }, 'Be brief.');
  await stage.slack.deactivate('grace');
  const left = async () => (await stage.db.database.query('select 1 from personal_settings')).rowCount;
  await until(async () => (await left()) === 0, 'the end of what the account had set');
});

test('what somebody sets while their account ends does not stay', async () => {
  const EDSGER = { team: TEAM, person: 'U0000EDSGER' };
  const { database } = stage.db;
  await setOwnInstructions(database, EDSGER, 'Be brief.');
  const left = async () => (await database.query('select 1 from personal_settings')).rowCount;
  let ended = false;
  between = async () => {
    if (ended) return;
    ended = true;
    await stage.slack.deactivate('edsger');
    await until(async () => (await findPerson(database, TEAM, EDSGER.person))?.class !== 'member', 'the end');
    await until(async () => (await left()) === 0, 'the end of what the account had set');
  };
  const message = await stage.slack.post('edsger', await stage.slack.openDm('edsger'), 'limits 20 steps');
  const isAnswered = async () =>
    (await database.query("select 1 from inbox where ts = $1 and state = 'answered'", [message.ts])).rowCount === 1;
  await until(isAnswered, 'the answer to the command');
  expect(ended).toBe(true);
  await until(async () => (await left()) === 0, 'the end of what was set late');
});
