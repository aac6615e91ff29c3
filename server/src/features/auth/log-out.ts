import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, noContent } from '../../http/endpoint.ts';
import { recordSignIn } from './record-sign-in.ts';

export const logOut = endpoint({
  method: 'post',
  path: '/auth/logout',
  tag: 'auth',
  summary: 'End the session',
  description: 'The refresh token stops working at once; the access token is good until it expires.',
  access: 'me:write',
  responses: { 204: { description: 'The session has ended.' } },
  async handle({ deps, request, principal, writer }) {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new ApiError('unauthenticated');
    try {
      await deps.authGateway.logOut(token);
    } catch (error) {
      // A session that is over already is what was asked for.
      if (!(error instanceof ApiError) || error.code !== 'unauthenticated') throw error;
    }
    await recordSignIn(writer, { userId: principal.userId }, 'logged_out');
    return noContent();
  },
});
