import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type ObjectFieldNode,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
  type ValueNode,
  visit,
} from 'graphql';

/** Thrown to refuse a query. The message is a sentence. */
export class RefusedQuery extends Error {}

/** A GraphQL document of one operation, with the values of its variables. */
export interface GraphqlDocument {
  readonly operation: OperationDefinitionNode;
  /** The fields of selections, with those of their fragments. @throws RefusedQuery when there are too many */
  fieldsOf(...selections: readonly (SelectionSetNode | undefined)[]): Generator<FieldNode>;
  /** The document written anew, so that every server reads what was judged. It has no comment, block string or description. */
  print(): string;
  /** The value of an argument. Null without one. @throws RefusedQuery when it is given twice */
  argument(field: FieldNode, name: string): unknown;
}

const MAX_TOKENS = 5_000;
const MAX_FIELDS = 5_000;

/**
 * @param maxFields how many fields may be visited, fragments counted at each use
 * @throws RefusedQuery for a text that is no document of one operation
 */
export function readDocument(
  source: string,
  variables: Readonly<Record<string, unknown>>,
  maxFields = MAX_FIELDS,
): GraphqlDocument {
  const document = parsed(source);
  const operations = document.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  const fragments = document.definitions.filter((each) => each.kind === Kind.FRAGMENT_DEFINITION);
  const byName = new Map(fragments.map((each) => [each.name.value, each]));
  const [operation] = operations;
  const isOne = operations.length === 1 && operations.length + byName.size === document.definitions.length;
  if (!operation || !isOne) throw new RefusedQuery('A GraphQL request must hold exactly one operation.');
  let visited = 0;

  function* fieldsOf(...selections: readonly (SelectionSetNode | undefined)[]): Generator<FieldNode> {
    for (const selection of selections) yield* fieldsIn(selection, []);
  }

  function* fieldsIn(selection: SelectionSetNode | undefined, open: readonly string[]): Generator<FieldNode> {
    for (const each of selection?.selections ?? []) {
      visited += 1;
      if (visited > maxFields) throw new RefusedQuery('The GraphQL query asks for too much at once.');
      if (each.kind === Kind.FIELD) yield each;
      else if (each.kind === Kind.INLINE_FRAGMENT) yield* fieldsIn(each.selectionSet, open);
      else yield* fieldsIn(fragmentOf(each.name.value, open).selectionSet, [...open, each.name.value]);
    }
  }

  function fragmentOf(name: string, open: readonly string[]): FragmentDefinitionNode {
    const fragment = byName.get(name);
    if (fragment && !open.includes(name)) return fragment;
    throw new RefusedQuery('A GraphQL fragment is missing or names itself.');
  }

  function plainValue(node: ValueNode): unknown {
    switch (node.kind) {
      case Kind.VARIABLE: {
        const name = node.name.value;
        if (Object.hasOwn(variables, name)) return variables[name];
        const declared = operation?.variableDefinitions?.find((each) => each.variable.name.value === name);
        return declared?.defaultValue ? plainValue(declared.defaultValue) : undefined;
      }
      case Kind.STRING:
      case Kind.ENUM:
      case Kind.BOOLEAN:
        return node.value;
      case Kind.NULL:
        return null;
      case Kind.INT:
      case Kind.FLOAT:
        return Number(node.value);
      case Kind.LIST:
        return node.values.map(plainValue);
      case Kind.OBJECT: {
        const names = [...new Set(node.fields.map((each) => each.name.value))];
        const entries = names.map((name) => [name, plainValue(only(node.fields, name).value)] as const);
        return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
      }
    }
  }

  return {
    operation,
    fieldsOf,
    print: () => printed(document),
    argument({ arguments: given = [] }, name) {
      return given.some((each) => each.name.value === name) ? plainValue(only(given, name).value) : null;
    },
  };
}

/** Two values under one name could be read in two ways. */
function only<T extends ArgumentNode | ObjectFieldNode>(nodes: readonly T[], name: string): T {
  const found = nodes.filter((each) => each.name.value === name);
  if (found.length === 1) return found[0] as T;
  throw new RefusedQuery(`The GraphQL query gives ${name} twice.`);
}

/**
 * Servers differ in where a comment or a block string ends: graphql-ruby's lexers know other line ends and escapes than this parser.
 * Therefore no text of the sandbox is sent as it came: comments go with parsing, and every string is written with escapes.
 */
function printed(document: DocumentNode): string {
  const plain = visit(document, {
    enter(node) {
      if (node.kind === Kind.STRING && node.block) return { ...node, block: false };
      return 'description' in node && node.description ? { ...node, description: undefined } : undefined;
    },
  });
  return print(plain);
}

function parsed(source: string): DocumentNode {
  try {
    return parse(source, { noLocation: true, maxTokens: MAX_TOKENS });
  } catch {
    throw new RefusedQuery('The GraphQL query cannot be parsed, or it is too long.');
  }
}
