import type { Endpoint } from '../../http/endpoint.ts';
import { forgotPassword } from './forgot-password.ts';
import { logIn } from './log-in.ts';
import { logOut } from './log-out.ts';
import { refreshSession } from './refresh-session.ts';
import { register } from './register.ts';
import { resendVerification } from './resend-verification.ts';
import { resetPassword } from './reset-password.ts';

export const auth: readonly Endpoint[] = [
  register,
  logIn,
  refreshSession,
  logOut,
  resendVerification,
  forgotPassword,
  resetPassword,
];
