import { columns } from '../../access/columns.ts';
import { costText, sumOf } from '../../contracts/cost.ts';
import type { FoundMessage, FoundThread, FoundTurn } from '../../store/find-thread.ts';

/** The output of `bellhop find`. `link` is the workflow's address in Temporal UI, or null when that is unknown. */
export function foundText(found: FoundThread, link: string | null): string {
  const { session, message, state, permalink, scope, principal, sandbox, turns, heldBack } = found;
  const rows = [['session', state === null ? `${session}, never started` : `${session}, ${state}`]];
  if (state !== null) rows.push(['workflow', link ?? `temporal workflow show --workflow-id '${session}'`]);
  if (permalink !== null) rows.push(['thread', permalink]);
  if (scope !== null) rows.push(['acts', `in ${scope} as ${principal}`]);
  if (sandbox) rows.push(['sandbox', `${sandbox.id}, ${sandbox.state}, runner ${sandbox.runner}`]);
  if (message) rows.push(['message', messageText(message)]);
  const held = heldBack.map(({ kind, actor, at, owner, confirmed }) => [
    `${kind} of ${actor}`,
    at.toISOString(),
    confirmed ? `confirmed by ${owner}` : `held back: the thread works in the name of ${owner}`,
  ]);
  const parts = [rows, turns.map(turnRow), held].filter((part) => part.length > 0);
  return parts.map((part, index) => columns(part, index === 0 ? '' : '  ')).join('\n');
}

function messageText({ state, author, attempts, receivedAt, deliveredAt, turn }: FoundMessage): string {
  const from = `of ${author}, ${receivedAt.toISOString()}: `;
  if (turn !== null) return `${from}read in turn ${turn}${state === 'context' ? ', as context' : ''}`;
  switch (state) {
    case 'received':
      return `${from}waits for the gateway, ${attempts} attempts so far`;
    case 'delivered':
      return `${from}${deliveredAt ? 'signalled; no turn has read it yet' : `waits for Temporal, ${attempts} attempts so far`}`;
    case 'refused':
      return `${from}refused: its author or its place may not give work`;
    case 'context':
      return `${from}kept as context: it was not addressed to Bellhop, or a stop overtook it`;
    case 'deleted':
      return `${from}deleted in Slack before a turn read it`;
    case 'answered':
      return `${from}answered by the gateway (status, help or stop)`;
  }
}

function turnRow(turn: FoundTurn): string[] {
  const { number, state, failure, requester, steeredBy, startedAt, endedAt, steps, injected, forwarded, blocked } =
    turn;
  const tokens = turn.models.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
  const cost = costText(sumOf(turn.models.map((use) => use.cost)));
  const took = endedAt ? `${Math.round((endedAt.getTime() - startedAt.getTime()) / 1000)} s` : '';
  const ended = failure === null ? state : `${state} (${failure})`;
  return [
    `turn ${number}`,
    ended,
    [requester, ...steeredBy].join(', '),
    startedAt.toISOString(),
    took,
    steps === 1 ? '1 step' : `${steps} steps`,
    `${injected} injected, ${forwarded} forwarded, ${blocked} blocked`,
    [`${tokens.toLocaleString('en')} tokens`, ...(cost ? [cost] : [])].join(', '),
  ];
}
