import type { PlanLimits, Role, Scope } from '@base/shared/contracts/accounts';

/** Who is calling, on whose account, and what they may do. Every tenant query takes `organizationId` from here. */
export interface Principal {
  kind: 'user' | 'api_key';
  /** The person; for a key, who made it. */
  userId: string;
  email: string;
  organizationId: string;
  role: Role;
  planId: string;
  /** The plan's limits with the organization's own over them; −1 is unlimited. */
  limits: PlanLimits;
  features: readonly string[];
  /** Null for a person. */
  scopes: readonly Scope[] | null;
  apiKey: ApiKeyPrincipal | null;
}

export interface ApiKeyPrincipal {
  id: string;
  requestsPerMinute: number | null;
  requestsPerDay: number | null;
  monthlyCreditBudget: number | null;
  /** Addresses and ranges; null: anywhere. */
  allowedIps: readonly string[] | null;
  expiresAt: Date | null;
}
