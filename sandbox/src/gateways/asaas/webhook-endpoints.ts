import type { Request } from 'express';
import type { AsaasAccount } from './account.ts';
import { presentList, readBody } from './read-request.ts';
import { notFound } from './replies.ts';

/** The sandbox's account has one webhook, which is set with `PUT /_sandbox/asaas/webhook`. */
const webhookId = '5d9b8a0e-3f8e-4f4b-9a55-6c1f0b7e2d10';

/** GET /webhooks */
export function listWebhooks(account: AsaasAccount, req: Request) {
  return presentList(req, account.outbox.settings === null ? [] : [webhookId], () => presentWebhook(account));
}

/** GET /webhooks/{id} */
export function getWebhook(account: AsaasAccount, req: Request) {
  requireOwn(account, req);
  return presentWebhook(account);
}

/** PUT /webhooks/{id}: `interrupted: false` sends on what has piled up. */
export function updateWebhook(account: AsaasAccount, req: Request) {
  requireOwn(account, req);
  const { interrupted } = readBody(req, { interrupted: { type: 'boolean', isRequired: true } });
  if (interrupted === true) account.outbox.interrupt();
  else account.outbox.resume();
  return presentWebhook(account);
}

function requireOwn({ outbox }: AsaasAccount, req: Request): void {
  if (outbox.settings === null || req.params.id !== webhookId) throw notFound();
}

function presentWebhook({ outbox }: AsaasAccount) {
  return {
    object: 'webhook',
    id: webhookId,
    name: 'sandbox',
    url: outbox.settings?.url ?? '',
    email: 'dev@sandbox.example',
    enabled: true,
    interrupted: outbox.isInterrupted,
    apiVersion: 3,
    hasAuthToken: Boolean(outbox.settings?.token),
    sendType: outbox.settings?.sendType ?? 'SEQUENTIALLY',
    penalizedRequestsCount: outbox.failuresInRow,
    events: [],
  };
}
