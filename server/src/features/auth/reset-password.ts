import { password } from '@base/shared/contracts/accounts';
import * as z from 'zod';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { recordSignIn } from './record-sign-in.ts';

const secret = z.string().min(1).max(4000).optional();

export const resetPassword = endpoint({
  method: 'post',
  path: '/auth/password/reset',
  tag: 'auth',
  summary: 'Set a new password with the link from the e-mail',
  description: 'The link carries `token_hash`, or, after the project’s own page has opened it, an `access_token`.',
  access: 'public',
  addressLimit: 'credentials',
  body: z
    .strictObject({ token_hash: secret, access_token: secret, password })
    .refine((body) => (body.token_hash === undefined) !== (body.access_token === undefined), {
      message: 'must have either token_hash or access_token',
    }),
  responses: { 204: { description: 'The new password is set.' } },
  errors: ['unauthenticated'],
  async handle({ body, deps, writer }) {
    const proof =
      body.token_hash === undefined ? { accessToken: body.access_token ?? '' } : { tokenHash: body.token_hash };
    const userId = await deps.authGateway.setPassword(proof, body.password);
    await recordSignIn(writer.as(userId), { userId }, 'password_reset');
    return noContent();
  },
});
