import { type Conversation, createReadingList } from '../../../slack/receiving/reading-list.ts';

const at = (second: number): Date => new Date(second * 1_000);
const free = (): boolean => true;

function order(target: Date, list: ReturnType<typeof createReadingList>): string[] {
  const names: string[] = [];
  for (;;) {
    const conversation = list.next('channel', target, free);
    if (!conversation) return names;
    names.push(conversation.channel);
    list.read(conversation, target);
  }
}

test('recently active channels are read first', () => {
  const list = createReadingList();
  list.add({ channel: 'quiet' });
  list.add({ channel: 'busy', activeAt: at(90) });
  list.add({ channel: 'lately', activeAt: at(50) });
  expect(order(at(100), list)).toEqual(['busy', 'lately', 'quiet']);
});

test('a connection that breaks again and again starves no quiet conversation', () => {
  const list = createReadingList();
  for (let n = 0; n < 10; n += 1) list.add({ channel: `busy-${n}`, activeAt: at(90 + n) });
  list.add({ channel: 'quiet' });
  const read: string[] = [];
  for (let second = 100; second < 160; second += 1) {
    // Each gap makes every channel wait again, before more than one was read.
    const conversation = list.next('channel', at(second), free) as Conversation;
    read.push(conversation.channel);
    list.read(conversation, at(second));
  }
  expect(read).toContain('quiet');
});

test('a thread that was read since the end of the gap is not read again', () => {
  const list = createReadingList();
  const thread = { channel: 'C1', threadTs: '1.1', readFrom: at(10) };
  list.want(thread, at(100));
  const conversation = list.next('thread', at(100), free) as Conversation;
  list.read(conversation, at(101));
  list.want(thread, at(100));
  expect(list.next('thread', at(100), free)).toBeNull();
  list.want(thread, at(200));
  expect(list.next('thread', at(200), free)).toMatchObject({ threadTs: '1.1', readUntil: at(10) });
});
