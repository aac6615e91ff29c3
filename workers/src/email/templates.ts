import type { Template } from './template.ts';
import { budgetReached } from './templates/budget-reached.ts';
import { creditsUsed50, creditsUsed80, creditsUsed100 } from './templates/credits-used.ts';
import { invitation } from './templates/invitation.ts';
import { jobFinished } from './templates/job-finished.ts';
import { lowBalance } from './templates/low-balance.ts';
import { onboarding1, onboarding3, onboarding7 } from './templates/onboarding.ts';
import { paymentFailed } from './templates/payment-failed.ts';
import { subscriptionCanceled } from './templates/subscription-canceled.ts';
import { subscriptionConfirmed } from './templates/subscription-confirmed.ts';
import { trialEnding } from './templates/trial-ending.ts';
import { upgradeSuggestion } from './templates/upgrade-suggestion.ts';
import { webhookDisabled } from './templates/webhook-disabled.ts';
import { welcome } from './templates/welcome.ts';

/** Every e-mail of the system. Adding one is one file, one line here, and one in email_category of the migrations. */
export const templates: readonly Template[] = [
  welcome,
  invitation,
  onboarding1,
  onboarding3,
  onboarding7,
  creditsUsed50,
  creditsUsed80,
  creditsUsed100,
  lowBalance,
  budgetReached,
  upgradeSuggestion,
  subscriptionConfirmed,
  subscriptionCanceled,
  trialEnding,
  paymentFailed,
  webhookDisabled,
  jobFinished,
];
