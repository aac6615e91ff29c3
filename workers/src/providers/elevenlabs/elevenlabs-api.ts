import type { ElevenlabsClient } from './client.ts';

/** What the calls of this provider share. */
export interface ElevenlabsApi {
  client: ElevenlabsClient;
  /** Credits in USD. */
  costOf(credits: number): string;
}
