import { email, password, session } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { accepted, created, endpoint } from '../../http/endpoint.ts';

export const register = endpoint({
  method: 'post',
  path: '/auth/register',
  tag: 'auth',
  summary: 'Create an account',
  description: 'Makes the person’s organization too, on the free plan with its credits.',
  access: 'public',
  addressLimit: 'credentials',
  body: z.strictObject({ email, password, full_name: z.string().trim().min(1).max(100).optional() }),
  responses: {
    201: { description: 'The account exists and is logged in.', body: session },
    202: {
      description: 'The e-mail address must be confirmed first, by the link that was sent to it.',
      body: z.object({ confirmation_required: z.literal(true) }),
    },
  },
  errors: ['email_taken', 'forbidden'],
  async handle({ body, deps, log, writer }) {
    const made = await deps.authGateway.register({
      email: body.email,
      password: body.password,
      fullName: body.full_name,
    });
    if (made === null) return accepted({ confirmation_required: true as const });
    try {
      const values = [made.user.id, made.user.email, body.full_name ?? null];
      await writer.as(made.user.id).query('select from public.authenticate_user($1, $2, $3)', values);
    } catch (err) {
      // The account exists and its first call makes the organization as well; an error here would hide the session.
      log.warn({ err }, 'the organization was not made at registration');
    }
    return created(made);
  },
});
