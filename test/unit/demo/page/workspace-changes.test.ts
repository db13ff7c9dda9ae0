import type { SlackMessage, SlackWorkspace } from '../../../../demo/page/contract/slack.ts';
import { withChange } from '../../../../demo/page/contract/workspace-changes.ts';

function message(ts: string, text = ts): SlackMessage {
  return {
    channel: 'C1',
    ts,
    threadTs: null,
    user: 'U1',
    text,
    blocks: [],
    files: [],
    reactions: [],
    edited: false,
    deleted: false,
    system: false,
    visibleTo: null,
  };
}

const WORKSPACE: SlackWorkspace = {
  team: { id: 'T1', name: 'Acme' },
  app: 'UB',
  connected: true,
  people: [],
  channels: [],
  messages: [message('1.000001'), message('3.000001')],
  statuses: [],
  views: [],
};

const texts = (workspace: SlackWorkspace) => workspace.messages.map(({ text }) => text);

test('a new message takes its place in time', () => {
  const after = withChange(WORKSPACE, { type: 'message', message: message('2.000001') });
  expect(texts(after)).toEqual(['1.000001', '2.000001', '3.000001']);
});

test('a changed message replaces itself', () => {
  const after = withChange(WORKSPACE, { type: 'message', message: message('1.000001', 'edited') });
  expect(texts(after)).toEqual(['edited', '3.000001']);
});

test('a removed message is gone', () => {
  const after = withChange(WORKSPACE, { type: 'removed', channel: 'C1', ts: '1.000001' });
  expect(texts(after)).toEqual(['3.000001']);
});

test('an empty status takes the line away', () => {
  const working = withChange(WORKSPACE, {
    type: 'status',
    status: { channel: 'C1', threadTs: '1.000001', status: 'is working' },
  });
  expect(working.statuses).toHaveLength(1);
  const idle = withChange(working, { type: 'status', status: { channel: 'C1', threadTs: '1.000001', status: '' } });
  expect(idle.statuses).toHaveLength(0);
});

test('a modal comes, is replaced in its place by a refusal, and is gone when it is closed', () => {
  const view = { id: 'V1', type: 'modal', user: 'U1', title: 'x', submit: 'Send', close: null, blocks: [] } as const;
  const open = withChange(WORKSPACE, { type: 'view', view: { ...view, errors: {} } });
  const refused = withChange(open, { type: 'view', view: { ...view, errors: { token: 'no' } } });
  expect(refused.views).toEqual([{ ...view, errors: { token: 'no' } }]);
  expect(withChange(refused, { type: 'view-closed', id: 'V1' }).views).toEqual([]);
});
