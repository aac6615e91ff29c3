import type { BegunJob } from '@base/shared/db/queries/job-lifecycle';
import { jobErrorTable } from '@base/shared/errors/job-error-table';

/** One way to make what was ordered: the model asked for, or an equal one that was quoted with it at admission. */
export interface Route {
  provider: string;
  model: string;
  input: Record<string, unknown>;
  /** The most that this way may cost the customer. */
  credits: number;
  costUsd: string;
  price: BegunJob['price'];
}

/** Paid calls that a job may make by one route, when the provider refuses them for passing reasons. */
const callsMax = 6;

/** All ways of a job, the ordered one first. */
export function routesOf(job: BegunJob): [Route, ...Route[]] {
  const { provider, model, input, price } = job;
  const asked = { provider, model, input, price, credits: job.credits_held, costUsd: job.quoted_cost_usd };
  return [asked, ...job.fallbacks.map(({ cost_usd, ...fallback }) => ({ ...fallback, costUsd: cost_usd }))];
}

/** The way that the live attempt went; undefined when the job has none. */
export function liveRoute(job: BegunJob): Route | undefined {
  return routesOf(job).find((route) => route.provider === job.attempt_provider && route.model === job.attempt_model);
}

/** The ways that are still open, those with fewer failed calls first, else in the order of preference. */
export function openRoutes(job: BegunJob): Route[] {
  const calls = (route: Route) =>
    job.attempts_made.filter((attempt) => attempt.provider === route.provider && attempt.model === route.model);
  return routesOf(job)
    .filter((route) => {
      const made = calls(route);
      return made.length < callsMax && made.every((attempt) => isPassing(attempt.error_code));
    })
    .sort((a, b) => calls(a).length - calls(b).length);
}

/** Whether the same call may work later. */
export function isPassing(code: string | null): boolean {
  // What is no code of ours was written by another build; a second call on a guess is never right.
  return code !== null && code in jobErrorTable && jobErrorTable[code as keyof typeof jobErrorTable].retryable;
}
