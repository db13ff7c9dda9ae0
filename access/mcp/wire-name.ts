import { serverName } from '../personal-access.ts';

/** The names by which models know the tools of MCP servers. APIs of models take `[a-zA-Z0-9_-]{1,64}` only. */

/** The longest name of a tool that the APIs of models take. */
const LONGEST = 64;
/** Between server and tool. Names of connections have no underscore, so the first one in a wire name is this one. */
const BETWEEN = '__';

/**
 * The name of `server.tool` for a model: `server__tool`. Letters, digits and hyphens of the tool's name stay as they are, and
 * so does an underscore before one of them or at the end. Every other byte is written as `__` and two hexadecimal digits.
 * Null for a name that would be empty or too long; such a tool is offered to no model. A person's own server has the name under
 * which it is offered.
 *
 * @example
 *   wireName('linear-tools', 'create_issue') // 'linear-tools__create_issue'
 *   wireName('files', 'fs.read') // 'files__fs__2Eread'
 */
export function wireName(server: string, tool: string): string | null {
  const bytes = [...Buffer.from(tool, 'utf8')];
  const written = bytes.map((byte, index) => {
    const sign = String.fromCharCode(byte);
    if (isPlain(sign)) return sign;
    const next = bytes[index + 1];
    if (sign === '_' && (next === undefined || isPlain(String.fromCharCode(next)))) return sign;
    return `__${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  const name = `${serverName(server)}${BETWEEN}${written.join('')}`;
  return tool === '' || name.length > LONGEST ? null : name;
}

export interface ToolName {
  /** The name of the server's connection. */
  readonly server: string;
  /** As the server calls it. */
  readonly tool: string;
}

/** The other way round. Null for a name that is no tool of an MCP server. */
export function toolOfWireName(name: string): ToolName | null {
  const at = name.indexOf(BETWEEN);
  if (at < 1) return null;
  const server = name.slice(0, at);
  const written = name.slice(at + BETWEEN.length);
  const tool = written.replace(/(?:__[0-9A-F]{2})+/g, (some) =>
    Buffer.from(some.replaceAll('__', ''), 'hex').toString('utf8'),
  );
  return wireName(server, tool) === name ? { server, tool } : null;
}

/** A tool for people: `linear-tools.create_issue`. Other tools keep their name. */
export function shownToolName(name: string): string {
  const found = toolOfWireName(name);
  return found ? `${found.server}.${found.tool}` : name;
}

function isPlain(sign: string): boolean {
  return /^[A-Za-z0-9-]$/.test(sign);
}
