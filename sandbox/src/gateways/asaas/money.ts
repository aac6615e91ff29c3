/** Whole cents of a JSON amount in reais; null when it is none, or has more than two decimals. */
export function readCents(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return null;
  const cents = Math.round(value * 100);
  return cents / 100 === value ? cents : null;
}

/** What Asaas keeps of a payment: a fixed part, and for cards a percentage. */
export function feeCents(billingType: string, valueCents: number): number {
  return billingType === 'CREDIT_CARD' ? 49 + Math.round((valueCents * 299) / 10_000) : 99;
}
