import { findModelContract } from '@base/shared/contracts/models/model-registry';
import type { SubmitRequest } from './provider.ts';

/**
 * For tests: what a worker would submit for an order of `provider/name`.
 * @throws when there is no such model or the input is not valid for it.
 */
export function submitRequest(id: string, order: Record<string, unknown>): SubmitRequest {
  const contract = findModelContract(id);
  if (!contract) throw new Error(`no model ${id}`);
  const input = contract.complete(contract.input.parse(order), { resolutionMax: Number.POSITIVE_INFINITY });
  return { model: contract.name, input, requestId: 'test', secondsLeft: 600, signal: AbortSignal.timeout(30_000) };
}
