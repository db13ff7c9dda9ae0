import type { Command } from 'commander';
import { columns } from '../../access/columns.ts';
import type { EffectiveRule } from '../../access/decision.ts';
import { matchesHost, parseHostName } from '../../access/host-name.ts';
import { originOf, portText, ruleId } from '../../access/rule-match.ts';
import { type HostReach, whoCan } from '../../access/who-can.ts';
import { currentPolicy } from '../../store/policy.ts';
import { openCliContext } from '../context.ts';

const OUTCOMES = { inject: 'injected', forward: 'forwarded', deny: 'blocked' } as const;

/** `bellhop who-can`: lists the channels that may reach a host. */
export function register(program: Command): void {
  program
    .command('who-can')
    .description('the channels that may reach a host, and by which rules; guardrails come on top')
    .argument('<host>', 'such as api.acme.test')
    .option('--json', 'print it as JSON')
    .action(async (text: string, options: { json?: boolean }) => {
      // An address that was copied from somewhere means its host.
      const parsed = parseHostName(/^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text).hostname : text);
      if ('refused' in parsed) throw new Error(`${text} ${parsed.refused}`);
      await using context = await openCliContext();
      const document = await currentPolicy(context.database);
      const found = whoCan(parsed.host, document);
      const guardrails = document.guardrails.filter((each) => matchesHost(each.host, parsed.host)).length;
      if (options.json)
        console.log(
          JSON.stringify({ host: parsed.host, policyVersion: document.version, scopes: found.map(asJson) }, null, 2),
        );
      else console.log(whoCanText(parsed.host, found, guardrails));
    });
}

function asJson({ scope, label, rules }: HostReach) {
  return {
    scope,
    label,
    rules: rules.map((rule) => ({
      outcome: OUTCOMES[rule.action],
      rule: ruleId(rule),
      origin: originOf(rule),
      ...rule.match,
    })),
  };
}

function whoCanText(host: string, found: readonly HostReach[], guardrails: number): string {
  if (found.length === 0) return `No scope may reach ${host}.`;
  const rows = found.flatMap(({ scope, label, rules }) =>
    rules.map((rule, index) => [
      index === 0 ? (scope === 'organization' ? 'every channel' : label) : '',
      OUTCOMES[rule.action],
      whatOf(rule),
      originOf(rule),
    ]),
  );
  const more = guardrails > 0 ? '\n\nGuardrails may forbid some of it: `bellhop why` tells for one request.' : '';
  return `${columns(rows)}${more}`;
}

function whatOf({ match }: EffectiveRule): string {
  const methods = match.methods.length === 0 ? '' : `${match.methods.join(',')} `;
  return `${methods}${match.scheme}://${match.host}${portText(match)}${match.paths.join(',')}`;
}
