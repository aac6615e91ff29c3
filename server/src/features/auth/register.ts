import { email, password, session } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { accepted, created, endpoint } from '../../http/endpoint.ts';

export const register = endpoint({
  method: 'post',
  path: '/auth/register',
  tag: 'auth',
  summary: 'Create an account',
  description: 'The first call with the session creates the person’s organization, on the free plan with its credits.',
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
  async handle({ body, deps }) {
    const made = await deps.authGateway.register({
      email: body.email,
      password: body.password,
      fullName: body.full_name,
    });
    return made === null ? accepted({ confirmation_required: true as const }) : created(made);
  },
});
