import type { Config } from '@base/shared/config/env-schema';
import type { session } from '@base/shared/contracts/accounts';
import { ApiError } from '@base/shared/errors/api-error';
import { createClient, type Session, type SupabaseClient } from '@supabase/supabase-js';
import type * as z from 'zod';
import { translateAuthError } from './translate-auth-error.ts';

const timeoutMs = 8_000;

export type WireSession = z.infer<typeof session>;

/** Supabase Auth, as the API offers it. Every method throws `ApiError` only. */
export interface AuthGateway {
  /** Null when the e-mail address must be confirmed first. */
  register(input: { email: string; password: string; fullName: string | undefined }): Promise<WireSession | null>;
  logIn(input: { email: string; password: string }): Promise<WireSession>;
  refresh(refreshToken: string): Promise<WireSession>;
  /** Ends the session: its refresh token stops working; the access token lives on until it expires. */
  logOut(accessToken: string): Promise<void>;
  /** Has an e-mail sent, if there is such an account. */
  requestReset(email: string, redirectTo: string | undefined): Promise<void>;
  /** @returns the person's id */
  /** Has the link that confirms an address sent again, if there is an account that still waits for it. */
  resendConfirmation(email: string, redirectTo: string | undefined): Promise<void>;
  setPassword(proof: { tokenHash: string } | { accessToken: string }, password: string): Promise<string>;
}

export function createAuthGateway(config: Pick<Config, 'SUPABASE_URL' | 'SUPABASE_PUBLISHABLE_KEY'>): AuthGateway {
  // A client per call: a client carries one person's session.
  const client = (): SupabaseClient => createStatelessClient(config.SUPABASE_URL, config.SUPABASE_PUBLISHABLE_KEY);
  return {
    async register({ email, password, fullName }) {
      const options = fullName === undefined ? {} : { data: { full_name: fullName } };
      const { data, error } = await client().auth.signUp({ email, password, options });
      if (error !== null) throw translateAuthError(error, 'register');
      // With confirmation required, Supabase answers a known address with a made-up user that has no identity.
      if (data.session === null && data.user?.identities?.length === 0) throw new ApiError('email_taken');
      return data.session === null ? null : presentSession(data.session);
    },
    async logIn(input) {
      const { data, error } = await client().auth.signInWithPassword(input);
      if (error !== null) throw translateAuthError(error, 'login');
      return presentSession(data.session);
    },
    async refresh(refreshToken) {
      const { data, error } = await client().auth.refreshSession({ refresh_token: refreshToken });
      if (error !== null) throw translateAuthError(error, 'refresh');
      if (data.session === null) throw new ApiError('unauthenticated');
      return presentSession(data.session);
    },
    async logOut(accessToken) {
      const { error } = await client().auth.admin.signOut(accessToken, 'local');
      if (error !== null) throw translateAuthError(error, 'logout');
    },
    async requestReset(email, redirectTo) {
      const options = redirectTo === undefined ? {} : { redirectTo };
      const { error } = await client().auth.resetPasswordForEmail(email, options);
      if (error !== null) throw translateAuthError(error, 'forgot');
    },
    async resendConfirmation(email, redirectTo) {
      const options = redirectTo === undefined ? {} : { emailRedirectTo: redirectTo };
      const { error } = await client().auth.resend({ type: 'signup', email, options });
      if (error !== null) throw translateAuthError(error, 'forgot');
    },
    async setPassword(proof, password) {
      const { auth } = client();
      const { error } =
        'tokenHash' in proof
          ? await auth.verifyOtp({ token_hash: proof.tokenHash, type: 'recovery' })
          : // The link's access token alone is proof; supabase-js insists on a refresh token and does not use it.
            await auth.setSession({ access_token: proof.accessToken, refresh_token: 'unused' });
      if (error !== null) throw translateAuthError(error, 'reset');
      const updated = await auth.updateUser({ password });
      if (updated.error !== null) throw translateAuthError(updated.error, 'reset');
      return updated.data.user.id;
    },
  };
}

/** A client without memory or timers; each of its calls ends within eight seconds. */
export function createStatelessClient(url: string, key: string): SupabaseClient {
  return createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(init?.signal ? [init.signal] : [])]),
        }),
    },
  });
}

function presentSession(found: Session): WireSession {
  const expiresAt = found.expires_at ?? Math.floor(Date.now() / 1000) + found.expires_in;
  return {
    access_token: found.access_token,
    refresh_token: found.refresh_token,
    token_type: 'bearer',
    expires_in: found.expires_in,
    expires_at: new Date(expiresAt * 1000).toISOString(),
    user: { id: found.user.id, email: found.user.email ?? '' },
  };
}
