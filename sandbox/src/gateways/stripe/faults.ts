import type { Response } from 'express';
import { sendReply } from '../../send-reply.ts';
import { waitForClient } from '../../wait-for-client.ts';
import { StripeError } from './stripe-error.ts';

export const faultNames = [
  '429',
  '500',
  '503',
  '500_after',
  'reset',
  'reset_after',
  'timeout',
  'timeout_after',
] as const;
export type StripeFault = (typeof faultNames)[number];

/** What goes wrong with the next calls. Those that end in `_after` do what they were asked to, and do not say so. */
export interface FaultPlan {
  fault: StripeFault;
  /** How many calls it strikes. */
  times: number;
  /** Only calls of this method, and whose path contains this. */
  method: string | null;
  path: string | null;
}

/** Longer than any client waits. */
const silenceMs = 600_000;

/** Counts a call, and gives the fault that strikes it. */
export function takeFault(plan: FaultPlan | null, method: string, path: string): StripeFault | null {
  if (!plan || plan.times <= 0) return null;
  if (plan.method !== null && plan.method !== method) return null;
  if (plan.path !== null && !path.includes(plan.path)) return null;
  plan.times -= 1;
  return plan.fault;
}

/** Lets the caller feel the fault instead of an answer. */
export async function spoilAnswer(res: Response, fault: StripeFault): Promise<void> {
  if (fault.startsWith('reset')) {
    res.socket?.resetAndDestroy();
  } else if (fault.startsWith('timeout')) {
    if (await waitForClient(res, silenceMs)) res.destroy();
  } else {
    const status = Number(fault.slice(0, 3));
    const isLimit = status === 429;
    const message = isLimit ? 'Too many requests.' : 'An unknown error occurred.';
    const { body } = new StripeError(message, {
      status,
      type: isLimit ? 'invalid_request_error' : 'api_error',
      ...(isLimit && { code: 'rate_limit' }),
    });
    sendReply(res, { status, body });
  }
}
