import { setTimeout as pause } from 'node:timers/promises';
import type { PaymentMethod } from '@base/shared/contracts/billing';
import { type CheckoutRow, type OpenedCheckout, openCheckout } from '@base/shared/db/queries/billing';
import { endCheckout, releaseCheckout, storeCheckout } from '@base/shared/db/queries/checkouts';
import { ApiError } from '@base/shared/errors/api-error';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import { v7 as uuidV7 } from 'uuid';
import type { Deps } from '../../deps.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import type { Principal } from '../../http/principal.ts';
import type { Writer } from '../../http/writer.ts';
import { findPayer } from './find-payer.ts';
import type { BillingGateway, PayerData } from './gateways/gateway.ts';
import { askGateway, gatewayOf } from './pick-gateway.ts';

export interface WantedCheckout {
  item: { planId: string; interval: 'month' | 'year' } | { packId: string };
  gateway: BillingGateway;
  method: PaymentMethod | null;
  payerData: PayerData | null;
  successUrl: string;
  cancelUrl: string;
}

export interface CheckoutContext {
  deps: Deps;
  principal: Principal;
  writer: Writer;
}

/** Longer than all calls of the gateway that making an order takes. */
const makingSeconds = 60;
/** How long the page stays; the gateway's own time replaces it. */
const openMs = 86_400_000;
const waitMs = 150;
const patienceMs = 10_000;

export interface OrderedCheckout {
  row: CheckoutRow;
  /** False when it is an earlier, equal order that is still open. */
  isNew: boolean;
}

/**
 * Makes an order, or finds the equal one. Whoever comes while another node is making it waits for that; whoever comes
 * after a node died over it makes it again under the same key. An open order for another plan gives way.
 */
export async function orderCheckout(context: CheckoutContext, wanted: WantedCheckout): Promise<OrderedCheckout> {
  const { deps, writer } = context;
  const endMs = performance.now() + patienceMs;
  do {
    const id = uuidV7();
    const opened = await open(context, wanted, id);
    const { code, checkout } = opened;
    if (code === 'not_for_sale') throw refuseItem(wanted);
    if (code === 'subscribed') throw new ApiError('already_subscribed', { detail: 'Use POST /subscription/change.' });
    if (checkout === null) throw new Error(`open_checkout said ${code} without a checkout`);
    if (code === 'open') return { row: checkout, isNew: false };
    if (code === 'make') {
      const row = await make(context, wanted, opened, checkout.id === id);
      if (row !== null) return { row, isNew: true };
    } else if (code === 'other_open' && !isBeingMade(checkout)) {
      await giveWay(deps, writer, checkout);
    } else {
      await pause(waitMs);
    }
  } while (performance.now() < endMs);
  throw new ApiError('service_unavailable', { detail: 'The order is still being made.', retryAfterSeconds: 2 });
}

function open({ deps, principal, writer }: CheckoutContext, wanted: WantedCheckout, id: string) {
  const now = deps.clock.now();
  const { item } = wanted;
  return openCheckout(writer, {
    id,
    organizationId: principal.organizationId,
    userId: principal.userId,
    gateway: wanted.gateway.name,
    planId: 'packId' in item ? null : item.planId,
    interval: 'packId' in item ? null : item.interval,
    packId: 'packId' in item ? item.packId : null,
    method: wanted.method,
    makingSeconds,
    expiresAt: new Date(now.getTime() + openMs),
    now,
  });
}

/**
 * Makes the order at its gateway.
 * @param isFresh not one that somebody else has begun, perhaps with other parameters
 * @returns null when what somebody else had begun is put away, and it is to be tried again
 */
async function make(
  { deps, principal, writer }: CheckoutContext,
  wanted: WantedCheckout,
  { checkout, trial_days: trialDays }: OpenedCheckout,
  isFresh: boolean,
): Promise<CheckoutRow | null> {
  if (checkout === null) return null;
  const { pool } = deps;
  try {
    const [payer, itemName] = await Promise.all([findPayer(deps, principal), findItemName(deps, wanted)]);
    const { successUrl, cancelUrl, payerData } = wanted;
    const order = { pool, checkout, payer, payerData, itemName, trialDays: trialDays ?? 0, successUrl, cancelUrl };
    const made = await wanted.gateway.openCheckout(order);
    return (await storeCheckout(writer, checkout.id, made)) ?? null;
  } catch (error) {
    if (isGatewayError(error, 'invalid')) {
      await endCheckout(writer, checkout.id, 'failed', null);
      if (!isFresh) return null;
    } else {
      await releaseCheckout(writer, checkout.id);
    }
    return askGateway(() => Promise.reject(error));
  }
}

/** Ends an order for another plan that nobody has paid. */
async function giveWay(deps: Deps, writer: Writer, other: CheckoutRow): Promise<void> {
  const { gateway_id: gatewayId } = other;
  if (gatewayId !== null) {
    const end = await askGateway(() => gatewayOf(deps, other.gateway).expireCheckout(gatewayId));
    if (end === 'completed') {
      throw new ApiError('already_subscribed', { detail: 'Another order has just been paid; it is being taken in.' });
    }
  }
  await endCheckout(writer, other.id, 'expired', gatewayId);
}

function isBeingMade({ status, creating_until: until }: CheckoutRow): boolean {
  return status === 'creating' && until !== null && new Date(until).getTime() > Date.now();
}

async function findItemName({ db, catalog }: Deps, { item }: WantedCheckout): Promise<string> {
  if (!('packId' in item)) return catalog.plans().find((plan) => plan.id === item.planId)?.name ?? item.planId;
  const pack = await db.selectFrom('credit_packs').select('name').where('id', '=', item.packId).executeTakeFirst();
  return pack?.name ?? item.packId;
}

function refuseItem({ item }: WantedCheckout): ApiError {
  return invalidRequest([
    'packId' in item
      ? { pointer: '/pack', detail: 'is not for sale; see GET /credit-packs' }
      : { pointer: '/plan', detail: 'is not for sale; see GET /plans' },
  ]);
}
