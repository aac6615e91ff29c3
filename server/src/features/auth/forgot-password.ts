import { email } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { recordSignIn } from './record-sign-in.ts';

export const forgotPassword = endpoint({
  method: 'post',
  path: '/auth/password/forgot',
  tag: 'auth',
  summary: 'Have a link for a new password sent',
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
      description: 'If there is such an account, an e-mail is under way.',
      body: z.object({ sent: z.literal(true) }),
    },
  },
  async handle({ body, deps, log, writer }) {
    try {
      await recordSignIn(writer, { email: body.email }, 'password_reset_requested');
      await deps.authGateway.requestReset(body.email, body.redirect_to);
    } catch (err) {
      // Answering differently here would tell who has an account; operators see it in the log.
      log.warn({ err }, 'no reset e-mail was requested');
    }
    return accepted({ sent: true as const });
  },
});
