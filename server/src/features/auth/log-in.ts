import { email, session } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';

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
  async handle({ body, deps, log }) {
    const found = await deps.authGateway.logIn(body);
    try {
      await deps.db.updateTable('users').set({ last_login_at: new Date() }).where('id', '=', found.user.id).execute();
    } catch (err) {
      // The time of the last login is for show; a login must not fail over it.
      log.warn({ err }, 'the login was not noted');
    }
    return ok(found);
  },
});
