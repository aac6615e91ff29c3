import type { Interval, PlanId } from './for-sale.ts';

/** What a gateway itself shows, read by this simulation and by nothing of what it checks. Times are in milliseconds. */

export type GatewayName = 'stripe' | 'asaas';

export interface PaymentFact {
  id: string;
  gateway: GatewayName;
  /** The gateway's customer who paid. */
  customer: string;
  cents: number;
  paidAt: number;
  /** What it must bring; infinity for what lasts. */
  lots: { credits: number; endsAt: number; source: 'purchase' | 'subscription' }[];
  /** What refunds are asked for by. */
  refundable: string;
}

export interface ClaimFact {
  id: string;
  gateway: GatewayName;
  /** The refundable of its payment. */
  refundable: string;
  cents: number;
  isActive: boolean;
}

export type SubscriptionStatus = 'trialing' | 'active' | 'past_due' | 'paused' | 'canceled';

export interface SubscriptionFact {
  id: string;
  gateway: GatewayName;
  customer: string;
  plan: PlanId;
  interval: Interval;
  status: SubscriptionStatus;
  startedAt: number;
  periodStart: number;
  periodEnd: number;
  trialEnd: number | null;
  isEnding: boolean;
}

/** Everything that a gateway has to show for the whole run. */
export interface GatewayHistory {
  payments: PaymentFact[];
  claims: ClaimFact[];
  subscriptions: SubscriptionFact[];
}

export interface GatewayFacts {
  name: GatewayName;
  /** Null for what brings nothing: unpaid, or an invoice of nothing. */
  payment(id: string): Promise<PaymentFact | null>;
  claim(id: string): Promise<ClaimFact>;
  /** Null for one that was never paid for. */
  subscription(id: string): Promise<SubscriptionFact | null>;
  history(): Promise<GatewayHistory>;
}
