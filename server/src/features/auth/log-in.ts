import { email, session } from '@base/shared/contracts/accounts';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { recordSignIn } from './record-sign-in.ts';

export const logIn = endpoint({
  method: 'post',
  path: '/auth/login',
  tag: 'auth',
  summary: 'Log in',
  access: 'public',
  addressLimit: 'credentials',
  body: z.strictObject({ email, password: z.string().min(1).max(200) }),
  responses: { 200: { description: 'A session.', body: session } },
  errors: ['invalid_credentials', 'email_not_confirmed', 'account_inactive'],
  async handle({ body, deps, writer }) {
    try {
      const found = await deps.authGateway.logIn(body);
      await recordSignIn(writer.as(found.user.id), { userId: found.user.id }, 'logged_in');
      return ok(found);
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) {
        await recordSignIn(writer, { email: body.email }, 'logged_in', 'failure');
      }
      throw error;
    }
  },
});
