import type { Config } from '@base/shared/config/env-schema';
import { createClient } from '@supabase/supabase-js';

const timeoutMs = 15_000;

/** What is kept of people and organizations outside the tables. What is gone already is no error. */
export interface AccountEraser {
  /** Removes the account at Supabase Auth, so that the address is free to register anew. @throws Error */
  removeSignIn(userId: string): Promise<void>;
  /** Removes stored files. @throws Error */
  removeFiles(paths: string[]): Promise<void>;
}

export function createAccountEraser(
  config: Pick<Config, 'SUPABASE_URL' | 'SUPABASE_SECRET_KEY' | 'STORAGE_BUCKET'>,
): AccountEraser {
  const { auth, storage } = createClient(config.SUPABASE_URL, config.SUPABASE_SECRET_KEY, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) }) },
  });
  return {
    async removeSignIn(userId) {
      const { error } = await auth.admin.deleteUser(userId);
      if (error !== null && error.status !== 404) throw new Error('the sign-in was not removed', { cause: error });
    },
    async removeFiles(paths) {
      const { error } = await storage.from(config.STORAGE_BUCKET).remove(paths);
      if (error !== null) throw new Error('files were not removed', { cause: error });
    },
  };
}
