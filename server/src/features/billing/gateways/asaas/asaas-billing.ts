import { ApiError } from '@base/shared/errors/api-error';
import type { Asaas } from '@base/shared/gateways/asaas/client';
import type { Clock } from '@base/shared/gateways/clock';
import type { BillingGateway } from '../gateway.ts';
import { expireAsaasCheckout, openAsaasCheckout } from './asaas-checkout.ts';
import {
  cancelAsaasSubscription,
  changeAsaasPlan,
  keepAsaasPlan,
  resumeAsaasSubscription,
} from './asaas-subscription.ts';

export function createAsaasBilling(asaas: Asaas, clock: Clock): BillingGateway {
  return {
    name: 'asaas',
    methods: ['link', 'pix', 'boleto', 'card'],
    openCheckout: (order) => openAsaasCheckout(asaas, clock, order),
    expireCheckout: (id) => expireAsaasCheckout(asaas, id),
    openPortal: () => refuse('Asaas has no page for this: every invoice has an address where it can be seen and paid.'),
    upgrade: (subscription, plan) => changeAsaasPlan(asaas, clock, subscription, plan),
    downgrade: (subscription, plan) => changeAsaasPlan(asaas, clock, subscription, plan),
    keep: (subscription) => keepAsaasPlan(asaas, clock, subscription),
    cancel: (subscription) => cancelAsaasSubscription(asaas, clock, subscription),
    resume: (subscription) => resumeAsaasSubscription(asaas, clock, subscription),
    pause: () =>
      refuse('Subscriptions at Asaas cannot be paused; cancel it, and take that back before its period ends.'),
  };
}

async function refuse(detail: string): Promise<never> {
  throw new ApiError('conflict', { detail });
}
