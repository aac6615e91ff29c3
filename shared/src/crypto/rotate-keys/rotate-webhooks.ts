import type { Pool, PoolClient } from 'pg';
import { type SecretBox, SecretBoxError } from '../secret-box.ts';
import { webhookContext } from '../webhook-secret.ts';
import type { Rotation } from './rotate-keys.ts';

const batchSize = 100;
const beforeAll = '00000000-0000-0000-0000-000000000000';

interface SealedTable {
  name: string;
  /** What names a row, and stands in its seal. */
  key: string;
  columns: readonly string[];
}

const tables: readonly SealedTable[] = [
  { name: 'webhooks', key: 'id', columns: ['secret_ciphertext', 'previous_secrets_ciphertext', 'headers_ciphertext'] },
  { name: 'webhook_secrets', key: 'organization_id', columns: ['secret_ciphertext', 'previous_secrets_ciphertext'] },
];

interface SealedRow {
  key: string;
  organization_id: string;
  [column: string]: string | Buffer | null;
}

/** Encrypts what signs webhooks, and their headers, anew where it is not under the current master key; as rotateKeys does. */
export async function rotateWebhooks(pool: Pool, secretBox: SecretBox): Promise<Rotation> {
  let rotated = 0;
  const failed = new Map<string, string>();
  for (const table of tables) {
    for (let after: string | undefined = beforeAll; after !== undefined; ) {
      const batch: Batch = await rotateBatch(pool, secretBox, table, after);
      for (const [id, reason] of batch.failed) failed.set(id, reason);
      rotated += batch.rotated;
      after = batch.last;
    }
  }
  return { rotated, failed };
}

interface Batch extends Rotation {
  last: string | undefined;
}

async function rotateBatch(pool: Pool, secretBox: SecretBox, table: SealedTable, after: string): Promise<Batch> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const isOld = (column: string) =>
      `(octet_length(${column}) > 0 and substring(${column} from 1 for octet_length($2::bytea)) <> $2::bytea)`;
    const { rows } = await client.query<SealedRow>(
      `select ${table.key} as key, organization_id, ${table.columns.join(', ')} from public.${table.name}
       where ${table.key} > $1 and (${table.columns.map(isOld).join(' or ')}) order by ${table.key} limit ${batchSize} for update`,
      [after, secretBox.currentHeader],
    );
    const failed = new Map<string, string>();
    for (const row of rows) {
      const reason = await sealAnew(client, secretBox, table, row);
      if (reason !== null) failed.set(row.key, reason);
    }
    await client.query('commit');
    client.release();
    return { rotated: rows.length - failed.size, failed, last: rows.at(-1)?.key };
  } catch (error) {
    // Closes the connection, and with it the transaction, whatever state it is in.
    client.release(true);
    throw error;
  }
}

/** @returns why it cannot be opened; null when it was encrypted anew. */
async function sealAnew(
  client: PoolClient,
  secretBox: SecretBox,
  table: SealedTable,
  row: SealedRow,
): Promise<string | null> {
  const context = webhookContext(row.organization_id, row.key);
  try {
    const sealed = table.columns.map((column) => {
      const old = row[column];
      return old instanceof Buffer && old.length > 0 ? secretBox.seal(secretBox.open(old, context), context) : old;
    });
    const assignments = table.columns.map((column, index) => `${column} = $${index + 2}`).join(', ');
    await client.query(`update public.${table.name} set ${assignments} where ${table.key} = $1`, [row.key, ...sealed]);
    return null;
  } catch (error) {
    if (!(error instanceof SecretBoxError)) throw error;
    return error.message;
  }
}
