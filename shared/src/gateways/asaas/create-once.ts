import { setTimeout as pause } from 'node:timers/promises';
import { isGatewayError } from '../gateway-error.ts';

export interface OnceOptions<T> {
  /** Looks for what has our reference; null when there is nothing. */
  find: () => Promise<T | null>;
  create: () => Promise<T>;
  /** When to look again after a creation whose outcome is unknown. */
  lookUpDelaysMs?: readonly number[];
}

/**
 * Creates what bears a reference of ours, unless it is there already. Asaas knows no idempotency keys, so a creation
 * that was not answered is looked up, and never asked for again in the same call.
 *
 * Two calls at the same time can both find nothing: the caller holds a lock, or a row that only one can claim.
 * @throws GatewayError `unknown_outcome` when it has not turned up: look it up later, before creating it again
 */
export async function createOnce<T>({
  find,
  create,
  lookUpDelaysMs = [500, 2_000, 5_000],
}: OnceOptions<T>): Promise<T> {
  const existing = await find();
  if (existing !== null) return existing;
  try {
    return await create();
  } catch (error) {
    if (!isGatewayError(error, 'unknown_outcome')) throw error;
    for (const delayMs of lookUpDelaysMs) {
      await pause(delayMs);
      // A look-up that fails says nothing: the outcome is still unknown.
      const found = await find().catch(() => null);
      if (found !== null) return found;
    }
    throw error;
  }
}
