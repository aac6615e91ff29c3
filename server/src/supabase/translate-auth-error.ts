import { ApiError } from '@base/shared/errors/api-error';
import { type AuthError, isAuthRetryableFetchError } from '@supabase/supabase-js';

/** What was being done: the same Supabase code means different things to the caller. */
export type AuthAction = 'register' | 'login' | 'refresh' | 'logout' | 'forgot' | 'reset';

const takenCodes = new Set(['user_already_exists', 'email_exists', 'phone_exists']);
const sessionCodes = new Set([
  'refresh_token_not_found',
  'refresh_token_already_used',
  'session_not_found',
  'session_expired',
  'bad_jwt',
  'no_authorization',
  'otp_expired',
  'user_not_found',
  'flow_state_not_found',
]);

/** An error of Supabase Auth as one of ours; the original stays in the log. */
export function translateAuthError(error: AuthError, action: AuthAction): ApiError {
  const code = error.code ?? '';
  const status = error.status ?? 0;
  if (status === 429 || code.startsWith('over_'))
    return new ApiError('rate_limited', { retryAfterSeconds: 60, cause: error });
  if (isAuthRetryableFetchError(error) || status >= 500 || status === 0) {
    return new ApiError('service_unavailable', { retryAfterSeconds: 5, cause: error });
  }
  if (takenCodes.has(code)) return new ApiError('email_taken', { detail: 'Log in instead.', cause: error });
  if (code === 'user_banned') return new ApiError('account_inactive', { cause: error });
  if (code === 'email_not_confirmed') {
    return new ApiError('email_not_confirmed', { detail: 'Open the link in the e-mail first.', cause: error });
  }
  if (code === 'weak_password' || code === 'same_password') {
    const detail = code === 'same_password' ? 'must differ from the old one' : 'is too weak; choose a longer one';
    return invalidField('/password', detail, error);
  }
  if (code === 'email_address_invalid' || code === 'email_address_not_authorized') {
    return invalidField('/email', 'is not accepted', error);
  }
  if (code === 'signup_disabled' || code === 'email_provider_disabled') {
    return new ApiError('forbidden', { detail: 'Registration is closed.', cause: error });
  }
  return translateByAction(error, action, sessionCodes.has(code));
}

function translateByAction(error: AuthError, action: AuthAction, aboutSession: boolean): ApiError {
  switch (action) {
    case 'login':
      return new ApiError('invalid_credentials', { cause: error });
    case 'refresh':
      return new ApiError('unauthenticated', {
        detail: 'The refresh token is not valid any more; log in.',
        cause: error,
      });
    case 'reset':
      return new ApiError('unauthenticated', {
        detail: 'The link is not valid any more; ask for another.',
        cause: error,
      });
    case 'logout':
      return new ApiError('unauthenticated', { detail: 'The session has ended already.', cause: error });
    case 'register':
    case 'forgot':
      return aboutSession
        ? new ApiError('unauthenticated', { cause: error })
        : new ApiError('invalid_request', { detail: 'The request was not accepted.', cause: error });
  }
}

function invalidField(pointer: string, detail: string, cause: AuthError): ApiError {
  return new ApiError('invalid_request', { detail: `${pointer}: ${detail}`, errors: [{ pointer, detail }], cause });
}
