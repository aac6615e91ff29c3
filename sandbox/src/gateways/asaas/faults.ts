import type { FieldRules } from '../../field-rules.ts';

const names = ['429', '500', '503', '500_after', 'reset', 'reset_after', 'timeout', 'timeout_after'] as const;
export type AsaasFault = (typeof names)[number];

/** What goes wrong with the next requests. Those that end in `_after` do what they were asked to, and do not say so. */
export interface FaultPlan {
  fault: AsaasFault;
  /** How many requests it strikes. */
  times: number;
  /** Only requests of this method, and whose path contains this. */
  method: string | null;
  path: string | null;
}

export const faultRules: FieldRules = {
  fault: { type: 'string', isRequired: true, isNullable: true, values: names },
  times: { type: 'integer', min: 1 },
  method: { type: 'string', values: ['GET', 'POST', 'PUT', 'DELETE'] },
  path: { type: 'string' },
};

/** Makes a plan of a body that keeps the rules; null takes back what was planned. */
export function readFaultPlan({ fault: name, times, method, path }: Record<string, unknown>): FaultPlan | null {
  const fault = names.find((known) => known === name);
  if (!fault) return null;
  return {
    fault,
    times: typeof times === 'number' ? times : 1,
    method: typeof method === 'string' ? method : null,
    path: typeof path === 'string' ? path : null,
  };
}

/** Counts a request, and gives the fault that strikes it. */
export function takeFault(plan: FaultPlan | null, method: string, path: string): AsaasFault | null {
  if (!plan || plan.times <= 0) return null;
  if (plan.method !== null && plan.method !== method) return null;
  if (plan.path !== null && !path.includes(plan.path)) return null;
  plan.times -= 1;
  return plan.fault;
}
