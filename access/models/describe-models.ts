import type { AccessDocument, NamedModel } from '../document.ts';

/** A model of the document in words, for operators. */
export interface DescribedModel {
  readonly name: string;
  /** `claude-large at api.anthropic.com (messages, 3 and 15 USD a million tokens)` */
  readonly what: string;
  /** Where it is used: `organization, #ops; summaries; while large is away`. Empty: nowhere. */
  readonly where: string;
}

/** Every model of the document, in its order. Channels that a pattern confirmed are not listed: their pattern is. */
export function describeModels({ models = [], scopes, patterns = [], people }: AccessDocument): DescribedModel[] {
  return models.map((model) => {
    const { name, model: vendors, baseUrl, api, keyVersion, price } = model;
    const asks = price ? `, ${price.input} and ${price.output} ${price.currency} a million tokens` : '';
    const places = [
      ...scopes.filter((scope) => scope.model === name && scope.pattern === undefined).map(({ label }) => label),
      ...patterns.filter((each) => each.model === name).map(({ pattern }) => pattern),
    ];
    return {
      name,
      what: `${vendors} at ${new URL(baseUrl).host} (${api}${keyVersion === null ? ', no key' : ''}${asks})`,
      where: [
        places.join(', '),
        ...model.for,
        ...choosable({ scopes, patterns }, name),
        ...(people?.models?.includes(name) ? ['chosen by people'] : []),
        ...awayOf(models, name),
      ]
        .filter((part) => part !== '')
        .join('; '),
    };
  });
}

function awayOf(models: readonly NamedModel[], name: string): string[] {
  return models.filter(({ fallback }) => fallback === name).map((first) => `while ${first.name} is away`);
}

function choosable({ scopes, patterns = [] }: Pick<AccessDocument, 'scopes' | 'patterns'>, name: string): string[] {
  const places = [
    ...scopes.filter((scope) => scope.models?.includes(name) && scope.pattern === undefined).map(({ label }) => label),
    ...patterns.filter((each) => each.models?.includes(name)).map(({ pattern }) => pattern),
  ];
  return places.length > 0 ? [`may be chosen in ${places.join(', ')}`] : [];
}
