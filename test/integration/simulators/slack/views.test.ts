import type { App } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';
import { createBoltApp, createClient } from './bolt-app.ts';

const plain = (text: string) => ({ type: 'plain_text', text });
const input = {
  type: 'input',
  block_id: 'why',
  label: plain('Why'),
  element: { type: 'plain_text_input', action_id: 'why', max_length: 20 },
};
const modal = { type: 'modal', callback_id: 'form', title: plain('A form'), submit: plain('Send'), blocks: [input] };
const home = {
  type: 'home',
  blocks: [
    {
      type: 'actions',
      block_id: 'acts',
      elements: [{ type: 'button', action_id: 'go', value: 'x', text: plain('Go') }],
    },
  ],
};

describe('modals and the Home tab, by an unmodified Bolt app', () => {
  let slack: TestSlack;
  let client: WebClient;
  let app: App;
  const triggers: string[] = [];
  const heard: { type: string; user: string; value?: string | null; view?: string; chosen?: string }[] = [];

  beforeAll(async () => {
    slack = await startTestSlack();
    client = createClient(slack);
    app = createBoltApp(slack);
    app.action('go', async ({ ack, body }) => {
      await ack();
      triggers.push((body as { trigger_id: string }).trigger_id);
      heard.push({ type: 'pressed', user: body.user.id });
    });
    app.event('app_home_opened', async ({ event }) => {
      heard.push({
        type: `opened ${event.tab}`,
        user: event.user,
        ...(event.view ? { view: (event.view as { id?: string }).id ?? '' } : {}),
      });
    });
    app.view('form', async ({ ack, body, view }) => {
      const value = view.state.values.why?.why?.value;
      const chosen = view.state.values.why?.why?.selected_option?.value;
      heard.push({ type: 'sent', user: body.user.id, value: value ?? null, ...(chosen && { chosen }) });
      if (value === 'wrong') await ack({ response_action: 'errors', errors: { why: 'say it otherwise' } });
      else if (value === 'strange') await ack({ response_action: 'errors', errors: { other: 'no such field' } });
      else if (value !== 'silent') await ack();
    });
    await app.start();
  });
  afterAll(async () => {
    await app?.stop();
    await slack?.[Symbol.asyncDispose]();
  });

  const refusal = async (call: Promise<unknown>) => {
    try {
      await call;
    } catch (error) {
      const { data } = error as { data?: { error?: string; response_metadata?: { messages?: string[] } } };
      return `${data?.error} ${data?.response_metadata?.messages?.join(' ') ?? ''}`;
    }
    return null;
  };

  const pressed = async (): Promise<string> => {
    const before = triggers.length;
    await client.views.publish({ user_id: 'U0000000ADA', view: home as never });
    await slack.pressAtHome('ada', 'go');
    while (triggers.length === before) await new Promise((resolve) => setTimeout(resolve, 10));
    return triggers.at(-1) ?? '';
  };

  it('refuses what Slack refuses', async () => {
    const open = (view: object, trigger = 'x') =>
      refusal(client.views.open({ trigger_id: trigger, view: view as never }));
    expect(await open(modal)).toMatch(/^invalid_trigger_id/);
    expect(await open({ ...modal, title: plain('x'.repeat(25)) })).toMatch(/less than 25 characters.*\/view\/title/);
    expect(await open({ ...modal, submit: undefined })).toMatch(/missing required field: submit/);
    expect(await open({ ...modal, surprise: 1 })).toMatch(/additional property: surprise/);
    expect(await open({ ...modal, type: 'home' })).toMatch(/must be one of: modal/);
    expect(await open({ ...modal, private_metadata: 'x'.repeat(3_001) })).toMatch(/less than 3001/);
    expect(await open({ ...modal, blocks: [{ ...input, label: { type: 'mrkdwn', text: 'x' } }] })).toMatch(
      /plain_text/,
    );
    expect(await open({ ...modal, blocks: Array(101).fill({ type: 'divider' }) })).toMatch(/100 items/);
    const publish = (user: string, view: object) =>
      refusal(client.views.publish({ user_id: user, view: view as never }));
    expect(await publish('U00000NOONE', home)).toMatch(/^user_not_found/);
    expect(await publish('U0000000ADA', modal)).toMatch(/must be one of: home/);
    expect(await publish('U0000000ADA', { ...home, title: plain('x') })).toMatch(/additional property: title/);
    const stale = client.views.publish({ user_id: 'U0000000ADA', hash: '1.x', view: home as never });
    expect(await refusal(stale)).toMatch(/^hash_conflict/);
  });

  it('tells of the Home tab with what was published there', async () => {
    await slack.openHome('grace');
    const { view } = await client.views.publish({ user_id: 'U00000GRACE', view: home as never });
    await slack.openHome('grace');
    while (heard.filter(({ user }) => user === 'U00000GRACE').length < 2)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heard.filter(({ user }) => user === 'U00000GRACE')).toEqual([
      { type: 'opened home', user: 'U00000GRACE' },
      { type: 'opened home', user: 'U00000GRACE', view: view?.id },
    ]);
  });

  it('opens one modal for each click, within three seconds', async () => {
    const trigger = await pressed();
    await client.views.open({ trigger_id: trigger, view: modal as never });
    expect(await refusal(client.views.open({ trigger_id: trigger, view: modal as never }))).toMatch(
      /^exchanged_trigger_id/,
    );
    await slack.closeModal('ada');
    const late = await pressed();
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    expect(await refusal(client.views.open({ trigger_id: late, view: modal as never }))).toMatch(/^expired_trigger_id/);
  });

  it('sends a form only when it is filled in, and does with it what the app answers', async () => {
    await client.views.open({ trigger_id: await pressed(), view: modal as never });
    await expect(slack.submit('ada', {})).rejects.toThrow(/asks for a value/);
    await expect(slack.submit('ada', { why: 'x'.repeat(21) })).rejects.toThrow(/no value of that length/);
    expect(await slack.submit('ada', { why: 'wrong' })).toEqual({
      acknowledged: true,
      closed: false,
      errors: { why: 'say it otherwise' },
    });
    await expect(slack.submit('ada', { why: 'strange' })).rejects.toThrow(/name no input/);
    expect(await slack.submit('ada', { why: 'silent' })).toMatchObject({ acknowledged: false, closed: false });
    expect(await slack.submit('ada', { why: 'because' })).toEqual({ acknowledged: true, closed: true, errors: {} });
    await expect(slack.submit('ada', { why: 'again' })).rejects.toThrow(/no modal open/);
    expect(heard.filter(({ type }) => type === 'sent').map(({ value }) => value)).toEqual([
      'wrong',
      'strange',
      'silent',
      'because',
    ]);
  });

  it('lets a person choose from a list, and from nothing else', async () => {
    const options = ['red', 'blue'].map((value) => ({ value, text: plain(value) }));
    const select = { type: 'static_select', action_id: 'why', options };
    const view = (element: object) => ({ ...modal, blocks: [{ ...input, element }] }) as never;
    const empty = { trigger_id: 'x', view: view({ ...select, options: [] }) };
    expect(await refusal(client.views.open(empty))).toMatch(/1 to 100 items/);
    await client.views.open({ trigger_id: await pressed(), view: view(select) });
    await expect(slack.submit('ada', { why: 'green' })).rejects.toThrow(/no such choice/);
    expect(await slack.submit('ada', { why: 'blue' })).toMatchObject({ closed: true });
    expect(heard.at(-1)).toMatchObject({ type: 'sent', chosen: 'blue' });
  });
});
