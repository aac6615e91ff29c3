import type { Category } from './layout-words.ts';
import type { Reader } from './reader.ts';

/** What stands around an e-mail's own words. */
export interface Frame {
  reader: Reader;
  category: Category;
  /** Null for essential e-mails. */
  unsubscribeUrl: string | null;
  /** False for somebody invited, who has no account with us yet. */
  isMember: boolean;
}
