import { email } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { accepted, endpoint } from '../../http/endpoint.ts';

export const resendVerification = endpoint({
  method: 'post',
  path: '/auth/verification/resend',
  tag: 'auth',
  summary: 'Have the link that confirms an address sent again',
  description: 'Always answers the same, so that nobody learns which addresses have an account.',
  access: 'public',
  addressLimit: 'credentials',
  body: z.strictObject({
    email,
    redirect_to: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional()
      .meta({ description: 'Where the link leads; must be allowed in the project’s settings.' }),
  }),
  responses: {
    202: {
      description: 'If there is an account that waits for it, an e-mail is under way.',
      body: z.object({ sent: z.literal(true) }),
    },
  },
  async handle({ body, deps, log }) {
    try {
      await deps.authGateway.resendConfirmation(body.email, body.redirect_to);
    } catch (err) {
      // Answering differently here would tell who has an account; operators see it in the log.
      log.warn({ err }, 'no confirmation e-mail was requested');
    }
    return accepted({ sent: true as const });
  },
});
