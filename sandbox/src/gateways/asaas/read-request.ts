import type { Request } from 'express';
import { type FieldRules, findViolations, isJsonObject } from '../../field-rules.ts';
import type { AsaasAccount } from './account.ts';
import { type Day, readDay } from './dates.ts';
import { readCents } from './money.ts';
import type { Customer } from './records.ts';
import { invalid } from './replies.ts';

export type Body = Record<string, unknown>;

/** Smallest amount of a payment. */
const valueCentsMin = 500;

/** The JSON object of a request, checked against the documented fields. Asaas tells the first mistake only. */
export function readBody(req: Request, rules: FieldRules): Body {
  const body = parse(req.body);
  const [violation] = findViolations(body, rules);
  if (violation) {
    const name = violation.path.join('.');
    const problems = { required: 'deve ser informado', unknown: 'não é conhecido' };
    const problem = violation.kind in problems ? problems[violation.kind as keyof typeof problems] : 'é inválido';
    throw invalid(`invalid_${name}`, `O campo ${name} ${problem}.`);
  }
  return body;
}

function parse(text: unknown): Body {
  try {
    const body: unknown = typeof text === 'string' && text !== '' ? JSON.parse(text) : {};
    if (isJsonObject(body)) return body;
  } catch {
    // Told below, like JSON that is no object.
  }
  throw invalid('invalid_object', 'O corpo da requisição não é um JSON válido.');
}

/** The customer that `customer` names. */
export function readCustomer(account: AsaasAccount, body: Body): Customer {
  const customer = account.customers.find(body.customer);
  if (!customer) throw invalid('invalid_customer', 'Customer inválido ou não informado.');
  return customer;
}

export function readValueCents(value: unknown): number {
  const cents = readCents(value);
  if (cents === null) throw invalid('invalid_value', 'O valor informado é inválido.');
  if (cents < valueCentsMin) throw invalid('invalid_value', 'O valor da cobrança não pode ser menor que R$ 5,00.');
  return cents;
}

export function readDueDay(value: unknown, name: string, earliest: Day): Day {
  const day = readDay(value);
  if (day === null) throw invalid(`invalid_${name}`, `O campo ${name} não é uma data válida.`);
  if (day < earliest) throw invalid(`invalid_${name}`, 'Não é permitido data de vencimento inferior a hoje.');
  return day;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A query parameter that was sent once and is not empty. */
export function query(req: Request, name: string): string | null {
  return textOrNull(req.query[name]);
}

const limitMax = 100;

/** One page of a list in its envelope. */
export function presentList<T>(req: Request, all: readonly T[], present: (item: T) => unknown) {
  const limit = Math.min(limitMax, readCount(req, 'limit', 10));
  const offset = readCount(req, 'offset', 0);
  const data = all.slice(offset, offset + limit).map(present);
  const hasMore = offset + data.length < all.length;
  return { object: 'list', hasMore, totalCount: all.length, limit, offset, data };
}

function readCount(req: Request, name: string, fallback: number): number {
  const text = query(req, name);
  if (text === null) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw invalid(`invalid_${name}`, `O parâmetro ${name} é inválido.`);
  return Number(text);
}
