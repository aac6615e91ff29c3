import type { PaymentGateway, PaymentGateways } from '@base/workers/billing/gateway';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDir } from '../temporary-dir.ts';
import { describeYear, type YearReport } from './report-year.ts';
import { simulateYear, type YearOptions } from './simulate-year.ts';
import type { World } from './start-world.ts';

const timeoutMs = 300_000;

function simulate(
  options: Pick<YearOptions, 'subscribers' | 'days' | 'seed'> & Partial<YearOptions>,
): Promise<YearReport> {
  const interruption = new AbortController();
  onTestFinished(() => interruption.abort());
  return simulateYear({
    asaasShare: 0.4,
    dataDir: temporaryDir(),
    report: () => {},
    signal: interruption.signal,
    ...options,
  });
}

it('ends four months of subscribers at both gateways and a bad network with the balances of an independent model', {
  timeout: timeoutMs,
}, async () => {
  const report = await simulate({ subscribers: 12, days: 122, seed: 2026 });
  expect(report.differences, describeYear(report).join('\n')).toEqual([]);
  // All of it took place.
  const { network, counts } = report;
  for (const share of [network.lost, network.duplicated, network.late, report.lostFound]) {
    expect(share).toBeGreaterThan(0);
  }
  for (const what of ['upgrade', 'downgrade', 'cancel', 'card broke', 'use', 'job']) {
    expect(counts.get(what), what).toBeGreaterThan(0);
  }
  for (const what of ['subscription ordered at stripe', 'subscription ordered at asaas', 'page paid']) {
    expect(counts.get(what), what).toBeGreaterThan(0);
  }
  expect(report.claims).toBeGreaterThan(0);
});

/** Ignores refunds, grants a pack again when it has been granted, and does not look for what was lost. */
function plantFaults(gateway: PaymentGateway, world: World): PaymentGateway {
  return {
    ...gateway,
    async process(event) {
      if (/^(charge\.refunded|refund\.)/.test(event.type)) return 'processed';
      const end = await gateway.process(event);
      if (event.type === 'checkout.session.completed') await grantAgain(world);
      return end;
    },
    recoverEvents: async () => 0,
    compareSubscriptions: async () => 0,
  };
}

async function grantAgain({ pool }: World): Promise<void> {
  await pool.query(
    `select public.apply_payment(p.organization_id, p.gateway, p.gateway_payment_id || ':again', null, p.kind, p.amount_cents, p.currency, p.paid_at,
       jsonb_build_array(jsonb_build_object('reference', p.gateway_payment_id || ':again', 'credits', p.credits, 'description', 'Again')), null)
     from payments p where p.kind = 'pack' and p.gateway_payment_id not like '%:again' order by p.id desc limit 1`,
  );
}

it('finds a refund that is ignored, a pack that is granted twice and an event that stays lost', {
  timeout: timeoutMs,
}, async () => {
  const replaceGateways = (gateways: PaymentGateways, world: World): PaymentGateways =>
    new Map([...gateways].map(([name, gateway]) => [name, plantFaults(gateway, world)]));
  const report = await simulate({ subscribers: 20, days: 45, seed: 6, asaasShare: 0, replaceGateways });
  const lines = report.differences.map(({ what, expected, found }) => `${what}: expected ${expected}, found ${found}`);
  const seen = [
    /^claim re_\w+ of \d+ cents: expected noted, found never arrived$/,
    /^payment cs_\w+:again: expected not paid at the gateway, found \d+ credits$/,
    /^lost event evt_\w+: expected found, found still lost$/,
  ];
  for (const pattern of seen) expect(lines).toContainEqual(expect.stringMatching(pattern));
});
