import type { Pool, PoolClient } from 'pg';
import { providerKeyContext, type SecretBox, SecretBoxError } from '../secret-box.ts';

const batchSize = 100;
const beforeAll = '00000000-0000-0000-0000-000000000000';

export interface Rotation {
  /** Keys encrypted anew. */
  rotated: number;
  /** Ids of keys that none of the master keys opens, and why; they are left as they are. */
  failed: ReadonlyMap<string, string>;
}

export interface RotateOptions {
  pool: Pool;
  secretBox: SecretBox;
  /** Told after each batch how many have been done so far. */
  onProgress?(rotated: number): void;
}

/**
 * Encrypts every provider key that is not under the current master key anew, while everything runs.
 *
 * A batch is one transaction that holds the locks of its rows from reading to writing, so a key that is replaced at the
 * same time is never overwritten by its predecessor. It may be broken off at any moment and run several times at once:
 * the first pass leaves rows out that somebody else has locked, the second one waits for them.
 */
export async function rotateKeys({ pool, secretBox, onProgress }: RotateOptions): Promise<Rotation> {
  let rotated = 0;
  let failed = new Map<string, string>();
  for (const lock of ['for update skip locked', 'for update'] as const) {
    failed = new Map();
    for (let after: string | undefined = beforeAll; after !== undefined; ) {
      const batch: Batch = await rotateBatch(pool, secretBox, { after, lock });
      for (const [id, reason] of batch.failed) failed.set(id, reason);
      rotated += batch.rotated;
      if (batch.rotated > 0) onProgress?.(rotated);
      after = batch.last;
    }
  }
  return { rotated, failed };
}

interface Batch extends Rotation {
  /** Id of the last row looked at; undefined when there was none. */
  last: string | undefined;
}

interface KeyRow {
  id: string;
  organization_id: string;
  provider: string;
  ciphertext: Buffer;
}

type Place = { after: string; lock: 'for update skip locked' | 'for update' };

async function rotateBatch(pool: Pool, secretBox: SecretBox, { after, lock }: Place): Promise<Batch> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<KeyRow>(
      `select id, organization_id, provider, ciphertext from public.provider_api_keys
       where id > $1 and substring(ciphertext from 1 for octet_length($2::bytea)) <> $2::bytea
       order by id limit $3 ${lock}`,
      [after, secretBox.currentHeader, batchSize],
    );
    const { sealed, failed } = sealAnew(rows, secretBox);
    await writeSealed(client, sealed);
    await client.query('commit');
    client.release();
    return { rotated: sealed.size, failed, last: rows.at(-1)?.id };
  } catch (error) {
    // Closes the connection, and with it the transaction, whatever state it is in.
    client.release(true);
    throw error;
  }
}

function sealAnew(rows: readonly KeyRow[], secretBox: SecretBox) {
  const sealed = new Map<string, Buffer>();
  const failed = new Map<string, string>();
  for (const row of rows) {
    const context = providerKeyContext(row.organization_id, row.provider);
    try {
      sealed.set(row.id, secretBox.seal(secretBox.open(row.ciphertext, context), context));
    } catch (error) {
      if (!(error instanceof SecretBoxError)) throw error;
      failed.set(row.id, error.message);
    }
  }
  return { sealed, failed };
}

async function writeSealed(client: PoolClient, sealed: ReadonlyMap<string, Buffer>): Promise<void> {
  if (sealed.size === 0) return;
  // A check under way is of the old bytes, and its verdict will not be taken: it is to be made again at once.
  await client.query(
    `update public.provider_api_keys k
     set ciphertext = anew.ciphertext, check_at = case when k.check_at is not null then clock_timestamp() end
     from unnest($1::uuid[], $2::bytea[]) anew (id, ciphertext)
     where k.id = anew.id`,
    [[...sealed.keys()], [...sealed.values()]],
  );
}
