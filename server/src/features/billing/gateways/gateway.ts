import type { PaymentMethod } from '@base/shared/contracts/billing';
import type { CheckoutRow, Gateway } from '@base/shared/db/queries/billing';
import type { CheckoutAtGateway } from '@base/shared/db/queries/checkouts';
import type { Pool } from 'pg';

export interface Payer {
  organizationId: string;
  organizationName: string;
  email: string;
}

/** Who pays, as the payer says; only where a gateway has to know. */
export interface PayerData {
  name: string;
  /** CPF or CNPJ. */
  taxId: string;
  email?: string;
}

/** An order to be made at a gateway. Whoever makes it again, with the same row, gets the same. */
export interface GatewayOrder {
  pool: Pool;
  checkout: CheckoutRow;
  payer: Payer;
  payerData: PayerData | null;
  /** What the payer sees. */
  itemName: string;
  trialDays: number;
  successUrl: string;
  cancelUrl: string;
}

/** A plan at our amount. */
export interface WantedPlan {
  planId: string;
  planName: string;
  interval: 'month' | 'year';
  amountCents: number;
}

export interface SubscriptionRef {
  pool: Pool;
  /** Its id at the gateway. */
  gatewayId: string;
}

export interface ChangeAtGateway {
  when: 'now' | 'period_end' | 'paid';
  effectiveAt: Date | null;
  paymentUrl: string | null;
}

/**
 * One payment gateway, as far as callers of the API set it in motion. Nothing here writes what an organization has: the
 * gateway tells of what has become of it. All throw GatewayError.
 */
export interface BillingGateway {
  name: Gateway;
  /** Ways to pay that an order can ask for, the usual one first; empty where the gateway's page offers them. */
  methods: readonly PaymentMethod[];
  openCheckout(order: GatewayOrder): Promise<CheckoutAtGateway>;
  /** Ends an order that has not been paid; `completed` when it has been. */
  expireCheckout(gatewayId: string): Promise<'expired' | 'completed'>;
  /** A page of the gateway's where the payer sees and changes everything. */
  openPortal(pool: Pool, payer: Payer, returnUrl: string): Promise<string>;
  /** At once, for the difference in price. */
  upgrade(subscription: SubscriptionRef, plan: WantedPlan): Promise<ChangeAtGateway>;
  /** When the period ends. */
  downgrade(subscription: SubscriptionRef, plan: WantedPlan): Promise<ChangeAtGateway>;
  /** Takes a planned downgrade back. */
  keep(subscription: SubscriptionRef): Promise<ChangeAtGateway>;
  cancel(subscription: SubscriptionRef): Promise<ChangeAtGateway>;
  /** Takes a cancellation back, or ends a pause. */
  resume(subscription: SubscriptionRef): Promise<ChangeAtGateway>;
  pause(subscription: SubscriptionRef): Promise<ChangeAtGateway>;
}

export type BillingGateways = ReadonlyMap<Gateway, BillingGateway>;
