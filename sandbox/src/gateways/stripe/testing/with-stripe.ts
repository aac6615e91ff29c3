import { makePlans, type TestPlans } from './make-plans.ts';
import { startStripe, type TestStripe } from './start-stripe.ts';

/** A sandbox for one test alone: tests that move the clock far would move it for the others, too. */
export async function withStripe(run: (stripe: TestStripe, plans: TestPlans) => Promise<void>): Promise<void> {
  const stripe = await startStripe();
  try {
    await run(stripe, await makePlans(stripe));
  } finally {
    await stripe.close();
  }
}
