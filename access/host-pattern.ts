import { getPublicSuffix } from 'tldts';
import { matchesHost, parseHostName } from './host-name.ts';
import { METADATA_NAMES } from './unreachable.ts';

export type ParsedPattern =
  | {
      /** An exact name or `*.suffix`, canonical. */
      readonly pattern: string;
    }
  | {
      /** Why no rule may have it, as the end of a sentence. */
      readonly refused: string;
    };

/** Names that always mean this machine (RFC 6761 6.3). The list below has Docker's names for it. */
const THIS_MACHINE = ['localhost', 'localhost.localdomain', 'ip6-localhost', 'ip6-loopback'];
const ENGINE_HOSTS = ['host.docker.internal', 'gateway.docker.internal', 'host.containers.internal'];

/**
 * Reads the host of a rule: an exact name, or `*.suffix` for every name below a suffix. It refuses a text that could
 * never match, a name of this machine or of a metadata service, and a wildcard below which anybody may register a name
 * (publicsuffix.org).
 */
export function parseHostPattern(text: string): ParsedPattern {
  const shape = shapeProblem(text);
  if (shape) return { refused: shape };
  const wildcard = text.startsWith('*.');
  const parsed = parseHostName(wildcard ? text.slice(2) : text);
  if ('refused' in parsed) return { refused: parsed.address ? 'is an IP address: rules name hosts' : parsed.refused };
  const pattern = wildcard ? `*.${parsed.host}` : parsed.host;
  const special = specialProblem(pattern, parsed.host);
  if (special) return { refused: special };
  if (wildcard && getPublicSuffix(parsed.host, { allowPrivateDomains: true }) === parsed.host) {
    return { refused: `covers every name below ${parsed.host}, where anybody may register one` };
  }
  return { pattern };
}

/** Reads the host of a guardrail. A guardrail only forbids, so it may be as broad as `*` or `*.com`. */
export function parseGuardrailHost(text: string): ParsedPattern {
  if (text === '*') return { pattern: '*' };
  const shape = shapeProblem(text);
  if (shape) return { refused: shape };
  const wildcard = text.startsWith('*.');
  const parsed = parseHostName(wildcard ? text.slice(2) : text);
  if ('refused' in parsed) return { refused: parsed.refused };
  return { pattern: wildcard ? `*.${parsed.host}` : parsed.host };
}

/** Recognises common mistakes, so that the message names the mistake and not just a wrong character. */
function shapeProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (/^\s|\s$/.test(text)) return 'has a space at an end';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return 'has a scheme: write the host alone';
  if (/[\p{Cc}\p{Cf}\p{Zs}]/u.test(text)) return 'has a space or an invisible character in it';
  if (text.includes('@')) return 'has a user name: write the host alone';
  if (/[/?#]/.test(text)) return 'has a path: write the host alone, and the path under paths';
  if (/^[^:]+:\d+$/.test(text)) return 'has a port: write it under port';
  if (text === '*') return 'covers every host there is';
  if (text.lastIndexOf('*') > 0 || (text.startsWith('*') && !text.startsWith('*.'))) {
    return 'has a wildcard that is not its first label: only *.suffix is possible';
  }
  return null;
}

function specialProblem(pattern: string, host: string): string | null {
  if (THIS_MACHINE.includes(host) || host.endsWith('.localhost')) return 'is this machine itself';
  if (ENGINE_HOSTS.some((name) => matchesHost(pattern, name))) return 'is the machine the sandboxes run on';
  if ([...METADATA_NAMES].some((name) => matchesHost(pattern, name)))
    return 'is a metadata service, which nothing may reach';
  return null;
}
