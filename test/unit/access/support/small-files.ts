/** A file with one domain entry, on line 4. */
export function withDomain(entry: string): string {
  return `organization: { bundles: [web] }
bundles:
  web:
    domains: [${entry}]
`;
}

/** A file with one connection of these fields, from line 6 on. */
export function withConnection(fields: string): string {
  return `organization: { bundles: [data] }
bundles:
  data: { connections: [api] }
connections:
  api:
    ${fields.trim().replaceAll('\n', '\n    ')}
`;
}
