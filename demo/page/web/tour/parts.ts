import type { PageInfo, Scenario } from '../../contract/page.ts';

/** A part of the tour: scenarios under one heading. */
export interface TourPart {
  readonly id: 'first' | 'names';
  readonly title: string;
  readonly scenarios: readonly Scenario[];
  /** The number of its first scenario. */
  readonly from: number;
}

/** The two parts, numbered through. */
export function partsOf({ scenarios, names }: PageInfo): readonly [TourPart, TourPart] {
  return [
    { id: 'first', title: 'Six things to try', scenarios, from: 1 },
    { id: 'names', title: 'In whose name', scenarios: names, from: scenarios.length + 1 },
  ];
}
