import { limitUnits } from '@base/server/admission/limit-units';
import { Catalog } from '@base/shared/credits/catalog';
import { quote } from '@base/shared/credits/quote';
import type { Db } from '@base/shared/db/database';
import type { Reservation } from '@base/shared/db/queries/reserve-jobs';
import { v7 as makeUuidV7 } from 'uuid';
import type { Account } from './make-accounts.ts';

export interface JobOrder {
  /** `provider/name`. */
  model: string;
  /** As a client would send it. */
  input: Record<string, unknown>;
}

export type ReservationMaker = (account: Account, order?: JobOrder) => Reservation;

export const plainOrder: JobOrder = {
  model: 'replicate/flux-schnell',
  input: { prompt: 'A lighthouse at dusk, seen from the sea, in watercolours' },
};

/** Makes reservations like those of the API, for the parts that are measured without it. */
export async function createReservationMaker(db: Db): Promise<ReservationMaker> {
  const catalog = await Catalog.load(db);
  return (account, order = plainOrder) => {
    const model = catalog.findModel(order.model, null);
    if (!model?.contract || !model.price) throw new Error(`the catalogue has no ${order.model}`);
    const { contract, price } = model;
    const input = contract.complete(contract.input.parse(order.input), { resolutionMax: 8_192 });
    const measure = contract.measure(input);
    const quoted = quote(price, measure);
    if (!quoted) throw new Error(`there is no price for ${order.model}`);
    return {
      id: makeUuidV7(),
      organizationId: account.organizationId,
      userId: account.userId,
      apiKeyId: account.apiKeyId,
      projectId: null,
      type: contract.type,
      provider: model.provider,
      model: model.name,
      operation: contract.operation,
      input,
      metadata: { source: 'bench' },
      credits: quoted.credits,
      ownKeyCredits: quoted.ownKeyCredits,
      costUsd: quoted.costUsd,
      limitUnits: limitUnits(contract.type, measure),
      price,
      fallbacks: [],
      retryOf: null,
      idempotencyKey: null,
      requestHash: null,
      requestId: makeUuidV7(),
      deadlineSeconds: 3_600,
    };
  };
}

/** One reservation after the other, account by account in turn. */
export function reservationsFor(
  accounts: readonly Account[],
  count: number,
  make: ReservationMaker,
  order?: JobOrder,
): Reservation[] {
  return Array.from({ length: count }, (_, index) => {
    const account = accounts[index % accounts.length];
    if (!account) throw new Error('there are no accounts to order jobs for');
    return make(account, order);
  });
}
