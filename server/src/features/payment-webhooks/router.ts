import type { Endpoint } from '../../http/endpoint.ts';
import { receiveAsaasEvent } from './receive-asaas-event.ts';
import { receiveStripeEvent } from './receive-stripe-event.ts';

export const paymentWebhooks: readonly Endpoint[] = [receiveStripeEvent, receiveAsaasEvent];
