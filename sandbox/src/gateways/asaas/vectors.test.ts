import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDesk, type TakenEvent } from './testing/asaas-desk.ts';

const folder = path.resolve(import.meta.dirname, '../../../../../shared/vectors/asaas');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /_(PAYMENT|SUBSCRIPTION)_/.test(name)) : [];
if (files.length === 0) process.stderr.write(`skipped: ${folder} is not there, so events are not compared with it\n`);

type Shape = Record<string, unknown> | string;

/** The names of all fields, and of what kind each is; null and a missing kind are not told apart from others. */
function shapeOf(value: unknown): Shape {
  if (Array.isArray(value)) return { '[]': value.length === 0 ? 'any' : shapeOf(value[0]) };
  if (typeof value !== 'object' || value === null) return value === null ? 'any' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shapeOf(field)]));
}

/** What `sample` has and `own` lacks, or has in another kind. */
function differences(sample: Shape, own: Shape | undefined, at: string): string[] {
  if (own === undefined) return [`${at} is missing`];
  if (sample === 'any' || own === 'any') return [];
  if (typeof sample === 'string' || typeof own === 'string') return sample === own ? [] : [`${at} is ${String(own)}`];
  return Object.entries(sample).flatMap(
    ([name, field]) => differences(field as Shape, own[name] as Shape | undefined, `${at}.${name}`), // Made by shapeOf, above.
  );
}

describe.skipIf(files.length === 0)('events have every field of the samples, in the same kind', async () => {
  const events = new Map<string, TakenEvent>();
  if (files.length > 0) for (const event of await causeEvents()) events.set(event.event.event, event);

  test.each(files)('%s', (file) => {
    const sample = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
    const own = events.get(sample.event);
    expect(own, sample.event).toBeDefined();
    expect(differences(shapeOf(sample), shapeOf(own?.event), sample.event)).toEqual([]);
    expect(own?.event.id).toMatch(/^evt_[0-9a-f]{32}&\d+$/);
    expect(own?.event.dateCreated).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const isBrazilian = /^\d\d\/\d\d\/\d{4}$/;
    expect(isBrazilian.test(own?.event.subscription?.nextDueDate ?? '')).toBe(sample.subscription !== undefined);
  });
});

async function causeEvents(): Promise<TakenEvent[]> {
  const desk = await openDesk();
  const customer = await desk.customer();
  const subscription = { customer, billingType: 'BOLETO', value: 49.9, nextDueDate: '2030-03-08', cycle: 'MONTHLY' };
  const { json } = await desk.api('POST', '/subscriptions', subscription);
  await desk.api('PUT', `/subscriptions/${json.id}`, { status: 'INACTIVE' });
  const pix = await desk.payment();
  await desk.act(`/payments/${pix.id}/pay`);
  await desk.act(`/payments/${pix.id}/refund`);
  const card = await desk.payment({ billingType: 'CREDIT_CARD' });
  await desk.act(`/payments/${card.id}/pay`);
  await desk.advance('2030-04-10T12:00:00Z');
  await desk.api('DELETE', `/subscriptions/${json.id}`);
  const events = await desk.take();
  await desk.close();
  return events;
}
