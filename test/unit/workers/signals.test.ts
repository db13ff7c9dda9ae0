import { Writable } from 'node:stream';
import type { SessionId } from '../../../contracts/ids.ts';
import { noteChange, type StateChange } from '../../../contracts/state-changes.ts';
import { metricsAddress } from '../../../workers/environment.ts';
import { createProcessLog } from '../../../workers/signals/process-log.ts';
import { createSignals, type Signals } from '../../../workers/signals/signals.ts';
import { tellModels } from '../../../workers/signals/told.ts';

const SESSION = 'slack:T1:C1:1.1' as SessionId;

/** The lines of one metric, without the comments. */
async function metric(signals: Signals, name: string): Promise<string[]> {
  return (await signals.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

describe('a gauge', () => {
  it('is read when it is asked for, and not before', async () => {
    const signals = createSignals();
    let value = 1;
    signals.gauge({ name: 'waiting', help: 'x', labels: ['kind'] }, () => [{ labels: { kind: 'message' }, value }]);
    value = 7;
    expect(await metric(signals, 'waiting')).toEqual(['waiting{kind="message"} 7']);
  });

  it('is missing while it cannot be read, instead of saying that nothing waits', async () => {
    const signals = createSignals();
    let away = false;
    signals.gauge({ name: 'waiting', help: 'x' }, async () => {
      if (away) throw new Error('the database is away');
      return [{ value: 3 }];
    });
    expect(await metric(signals, 'waiting')).toEqual(['waiting 3']);
    away = true;
    expect(await metric(signals, 'waiting')).toEqual([]);
    away = false;
    expect(await metric(signals, 'waiting')).toEqual(['waiting 3']);
  });

  it('forgets a label that is not read any more', async () => {
    const signals = createSignals();
    let kinds = ['message', 'file'];
    signals.gauge({ name: 'waiting', help: 'x', labels: ['kind'] }, () =>
      kinds.map((kind) => ({ labels: { kind }, value: 1 })),
    );
    expect(await metric(signals, 'waiting')).toHaveLength(2);
    kinds = ['file'];
    expect(await metric(signals, 'waiting')).toEqual(['waiting{kind="file"} 1']);
  });
});

describe('a state change', () => {
  it('is one line of the log, and is counted by the metrics of the process', async () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(...chunk.toString().trim().split('\n'));
        done();
      },
    });
    const signals = createSignals();
    const { log } = createProcessLog('agent', { stream, onChange: signals.countChange });
    const changes: StateChange[] = [
      { of: 'turn', to: 'running', session: SESSION, turn: 1 },
      { of: 'turn', to: 'failed', session: SESSION, turn: 1, failure: 'ModelUnavailable' },
      { of: 'outbox', to: 'sent', id: '7', kind: 'message' },
    ];
    for (const change of changes) noteChange(log.child({ component: 'x' }), change);
    log.info({ other: true }, 'not a change');
    expect(lines.map((line) => (JSON.parse(line) as { change?: StateChange }).change)).toEqual([...changes, undefined]);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'turn running',
      'turn failed',
      'outbox sent',
      'not a change',
    ]);
    expect(await metric(signals, 'bellhop_state_changes_total')).toEqual([
      'bellhop_state_changes_total{of="turn",to="running",cause=""} 1',
      'bellhop_state_changes_total{of="turn",to="failed",cause="ModelUnavailable"} 1',
      'bellhop_state_changes_total{of="outbox",to="sent",cause="message"} 1',
    ]);
  });
});

describe('a model', () => {
  const answer = { content: [], stopReason: 'end', usage: { inputTokens: 120, outputTokens: 8 }, model: 'm' } as const;
  const request = { system: '', messages: [], tools: [], maxTokens: 1, signal: new AbortController().signal };

  it('has the time and the tokens of its calls told, and those that failed apart', async () => {
    const signals = createSignals();
    let fails = false;
    const model = tellModels(signals)({
      name: 'm',
      contextTokens: 1_000,
      price: { currency: 'EUR', input: 100, output: 1_000, cachedInput: 100, cacheWrite: 100 },
      async call() {
        if (fails) throw new Error('no answer');
        return answer;
      },
    });
    await model.call(request);
    fails = true;
    await expect(model.call(request)).rejects.toThrow('no answer');
    expect(await metric(signals, 'bellhop_model_seconds_count')).toEqual([
      'bellhop_model_seconds_count{model="m",outcome="answered"} 1',
      'bellhop_model_seconds_count{model="m",outcome="failed"} 1',
    ]);
    expect(await metric(signals, 'bellhop_model_tokens_total')).toEqual([
      'bellhop_model_tokens_total{model="m",direction="input"} 120',
      'bellhop_model_tokens_total{model="m",direction="output"} 8',
    ]);
    expect(await metric(signals, 'bellhop_model_cost_total')).toEqual([
      'bellhop_model_cost_total{model="m",currency="EUR"} 0.02',
    ]);
  });
});

describe('BELLHOP_METRICS_ADDRESS', () => {
  const read = (text?: string) => metricsAddress(text === undefined ? {} : { BELLHOP_METRICS_ADDRESS: text }, 7351);

  it.each([
    [undefined, { host: '127.0.0.1', port: 7351 }],
    ['', { host: '127.0.0.1', port: 7351 }],
    ['0.0.0.0:9000', { host: '0.0.0.0', port: 9_000 }],
    ['[::1]:9000', { host: '::1', port: 9_000 }],
    ['metrics.internal:0', { host: 'metrics.internal', port: 0 }],
    ['off', null],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each(['9000', ':9000', '127.0.0.1', '127.0.0.1:70000', '::1:9000', '[nobody]:9000'])('refuses %s', (text) => {
    expect(() => read(text)).toThrow('BELLHOP_METRICS_ADDRESS: must be address:port, or off');
  });
});
