import { isFinal, type Job } from '@base/shared/contracts/jobs';
import type { Violations } from './rules.ts';

/** A job as its customer knows it. */
export interface KnownJob {
  id: string;
  organizationId: string;
  /** What its prompt begins with. */
  mark: string;
  /** The end that the customer saw, or was promised by a cancel. */
  end: { status: Job['status']; charged: number } | null;
}

/** What the customers know: the other half of every comparison with the books of the product and the providers. */
export class Journal {
  readonly jobs = new Map<string, KnownJob>();
  /** Of all orders that were sent, by organization and idempotency key: the job that was admitted, once known. */
  readonly orders = new Map<string, { jobId: string | null; mark: string }>();
  readonly #violations: Violations;

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  openOrder(organizationId: string, key: string, mark: string): void {
    this.orders.set(orderId(organizationId, key), { jobId: null, mark });
  }

  /** Writes down that an order was admitted as this job. */
  admit(organizationId: string, key: string, job: Job): void {
    const order = this.orders.get(orderId(organizationId, key));
    if (order === undefined) throw new Error(`no order was sent with the key ${key}`);
    if (order.jobId !== null && order.jobId !== job.id) {
      this.#violations.add('one_key_one_job', `the key ${key} gave the job ${order.jobId}, then ${job.id}`);
    }
    order.jobId = job.id;
    const known = this.jobs.get(job.id) ?? { id: job.id, organizationId, mark: order.mark, end: null };
    this.jobs.set(job.id, known);
    this.see(job);
  }

  /** Compares what is shown of a job now with what was shown before. */
  see(job: Job): void {
    const known = this.jobs.get(job.id);
    if (known === undefined) return;
    const now = { status: job.status, charged: job.credits.charged };
    if (known.end === null) {
      if (isFinal(job.status)) known.end = now;
    } else if (known.end.status !== now.status || known.end.charged !== now.charged) {
      const [before, after] = [JSON.stringify(known.end), JSON.stringify(now)];
      this.#violations.add('ends_are_final', `job ${job.id} was shown as ${before}, then as ${after}`);
    }
  }
}

/** An idempotency key counts within its organization. */
export function orderId(organizationId: string, key: string): string {
  return `${organizationId} ${key}`;
}
