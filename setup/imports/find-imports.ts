import { parseSync } from '@swc/core';

/** Every module a TypeScript source imports, with or without types, re-exports or loads later by a literal name. */
export function findImports(source: string, tsx: boolean): string[] {
  const found = new Set<string>();
  visit(parseSync(source, { syntax: 'typescript', tsx, target: 'es2022' }), found);
  return [...found];
}

function visit(node: unknown, found: Set<string>): void {
  if (Array.isArray(node)) {
    for (const each of node) visit(each, found);
  } else if (isNode(node)) {
    if (isStringLiteral(node.source)) found.add(node.source.value);
    if (node.type === 'CallExpression' && isNode(node.callee) && node.callee.type === 'Import') {
      const [first] = Array.isArray(node.arguments) ? node.arguments : [];
      if (isNode(first) && isStringLiteral(first.expression)) found.add(first.expression.value);
    }
    // `import('…').Name` in a type.
    if (node.type === 'TsImportType' && isStringLiteral(node.argument)) found.add(node.argument.value);
    for (const value of Object.values(node)) visit(value, found);
  }
}

function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isStringLiteral(value: unknown): value is { type: 'StringLiteral'; value: string } {
  return isNode(value) && value.type === 'StringLiteral' && typeof value.value === 'string';
}
