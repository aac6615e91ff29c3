import type { UserSyncType } from '@base/shared/contracts/user-sync';

/** What a source tells about one person, whichever source it is. */
export interface SyncEvent {
  source: 'clerk' | 'users';
  /** The same when it is sent again. */
  eventId: string;
  type: UserSyncType;
  occurredAt: Date;
  userId: string;
  /** Fields to change; null empties one. */
  profile: {
    email?: string | undefined;
    full_name?: string | null | undefined;
    avatar_url?: string | null | undefined;
    phone?: string | null | undefined;
    language?: string | undefined;
  };
  /** What may be spent then; null: no word of it. */
  credits: number | null;
  /** By how much that changes. */
  creditDelta: number | null;
}
