import type { ToolList, ToolRules } from '../document.ts';
import { allowsTool, forbidsTool } from './tool-pattern.ts';

/** The rule that decides on a tool by its name alone. */
export interface FoundRule {
  readonly list: ToolList;
  readonly pattern: string;
  readonly line: number;
}

/** What the rules say of a tool. `isAskedFor`: each call needs somebody who allows it, whichever list allows the tool. */
export function ruleFor(
  tool: string,
  rules: ToolRules,
): { readonly found: FoundRule | null; readonly isAskedFor: boolean } {
  // What narrows is compared as broadly as what is forbidden.
  const isAskedFor = (rules.approve ?? []).some(({ pattern }) => forbidsTool(pattern, tool));
  for (const list of ['deny', 'approve', 'allow', 'read'] as const) {
    const covers = list === 'deny' ? forbidsTool : allowsTool;
    const found = (rules[list] ?? []).find(({ pattern }) => covers(pattern, tool));
    if (found) return { found: { list, ...found }, isAskedFor };
  }
  return { found: null, isAskedFor };
}
