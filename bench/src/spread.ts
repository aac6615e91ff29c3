/** How the load is spread over tenants: the two ends between which real traffic lies. */
export const spreads = ['many', 'hot'] as const;
export type Spread = (typeof spreads)[number];

export function describeSpread(spread: Spread, organizations: number): string {
  return spread === 'hot' ? 'one hot organization' : `${organizations} organizations`;
}
