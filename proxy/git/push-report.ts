import { FLUSH, packet } from './pkt-line.ts';
import type { PushRequest } from './push-request.ts';

/** Why a push is refused as a whole. */
export interface RefusedPush {
  /** One sentence for the person at the terminal. */
  readonly message: string;
  /** A short reason for each refused ref. The others are refused because of these. */
  readonly reasons: ReadonlyMap<string, string>;
}

const SIDE_BAND_BYTES = { 'side-band-64k': 65_515, 'side-band': 995 } as const;

/**
 * The answer that makes `git push` print why: a report in which each ref is refused (gitprotocol-pack, "Report Status"),
 * with the message as progress if the client takes it. Null when the client did not ask for a report.
 */
export function pushReport(push: PushRequest, { message, reasons }: RefusedPush): Buffer | null {
  const { capabilities, commands } = push;
  if (!capabilities.has('report-status') && !capabilities.has('report-status-v2')) return null;
  const [culprit] = reasons.keys();
  const lines = push.isSigned
    ? [packet(`unpack ${line(message)}\n`)]
    : [
        packet('unpack ok\n'),
        ...commands.map(({ ref }) =>
          packet(`ng ${ref} ${line(reasons.get(ref) ?? `refused together with ${culprit ?? 'the push'}`)}\n`),
        ),
      ];
  const report = Buffer.concat([...lines, FLUSH]);
  const band = capabilities.has('side-band-64k') ? 'side-band-64k' : 'side-band';
  if (!capabilities.has(band)) return report;
  const size = SIDE_BAND_BYTES[band];
  return Buffer.concat([
    ...pieces(Buffer.from(`bellhop: ${line(message)}\n`), size).map((piece) =>
      packet(Buffer.concat([PROGRESS, piece])),
    ),
    ...pieces(report, size).map((piece) => packet(Buffer.concat([DATA, piece]))),
    FLUSH,
  ]);
}

const DATA = Buffer.of(1);
const PROGRESS = Buffer.of(2);

function pieces(bytes: Buffer, size: number): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size));
  return all;
}

/** Text of ours that may hold names from the client, as one line. */
function line(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, 1_000);
}
