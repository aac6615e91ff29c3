import * as z from 'zod';
import type { Language, Reader } from '../reader.ts';

/** What a subscription costs; null where the price is agreed by contract. */
export const price = { interval: z.enum(['month', 'year']), price_cents: z.int().min(0).nullable() };

const words: Readonly<Record<Language, { month: string; year: string; contract: string }>> = {
  'pt-BR': { month: 'por mês', year: 'por ano', contract: 'conforme contrato' },
  en: { month: 'a month', year: 'a year', contract: 'as agreed by contract' },
  es: { month: 'al mes', year: 'al año', contract: 'según contrato' },
};

/** `R$ 99,00 por mês`. */
export function writePrice(
  t: Reader,
  { interval, price_cents }: { interval: 'month' | 'year'; price_cents: number | null },
): string {
  const said = words[t.language];
  return price_cents === null ? said.contract : `${t.money(price_cents)} ${said[interval]}`;
}
