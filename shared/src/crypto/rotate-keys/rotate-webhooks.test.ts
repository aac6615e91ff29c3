import { randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Database, openDatabase } from '../../db/database.ts';
import { runMigrations } from '../../db/migrate/run-migrations.ts';
import { createSecretBox } from '../secret-box.ts';
import { webhookContext } from '../webhook-secret.ts';
import { rotateWebhooks } from './rotate-webhooks.ts';

// A database of its own: a rotation takes every row there is.
const name = `rotate_webhooks_${process.pid}`;
const url = new URL(inject('stack').database_url);
url.pathname = `/${name}`;
const open = (databaseUrl: string): Database =>
  openDatabase({ url: databaseUrl, poolMax: 2, applicationName: 'test', onError: () => {} });
let owner: Database;
let database: Database;
beforeAll(async () => {
  owner = open(inject('stack').database_url);
  await owner.pool.query(`create database ${name} template template0`);
  await runMigrations({ databaseUrl: url.href });
  database = open(url.href);
});
afterAll(async () => {
  await database.close();
  await owner.pool.query(`drop database if exists ${name} with (force)`);
  await owner.close();
});

const makeKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [oldKey, newKey] = [makeKey('old'), makeKey('new')];
const oldBox = createSecretBox([oldKey]);
const newBox = createSecretBox([newKey]);

it('everything that signs webhooks opens with the new master key alone; what no key opens is named and left', async () => {
  const { pool } = database;
  const [organizationId, userId, endpointId, deletedId, lostId] = [
    randomUUID(),
    randomUUID(),
    uuidV7(),
    uuidV7(),
    uuidV7(),
  ];
  await pool.query('insert into organizations (id, name, slug) values ($1, $2, $3)', [
    organizationId,
    'x',
    `x-${organizationId}`,
  ]);
  await pool.query('insert into users (id, organization_id, email) values ($1, $2, $3)', [
    userId,
    organizationId,
    'a@b.test',
  ]);
  const seal = (text: string, id: string) => oldBox.seal(text, webhookContext(organizationId, id));
  const lost = createSecretBox([makeKey('lost')]).seal('x', webhookContext(organizationId, lostId));
  const insert = `insert into webhooks (id, organization_id, created_by, url, secret_ciphertext, previous_secrets_ciphertext, previous_secrets_until,
    headers_ciphertext) values ($1, $2, $3, 'https://example.com/', $4, $5, $6, $7)`;
  const soon = new Date(Date.now() + 60_000);
  await pool.query(insert, [
    endpointId,
    organizationId,
    userId,
    seal('now', endpointId),
    seal('before', endpointId),
    soon,
    seal('{}', endpointId),
  ]);
  await pool.query(insert, [deletedId, organizationId, userId, Buffer.alloc(0), null, null, null]);
  await pool.query(insert, [lostId, organizationId, userId, lost, null, null, null]);
  await pool.query('insert into webhook_secrets (organization_id, secret_ciphertext) values ($1, $2)', [
    organizationId,
    seal('own', organizationId),
  ]);

  const both = createSecretBox([newKey, oldKey]);
  const { rotated, failed } = await rotateWebhooks(pool, both);
  expect(rotated).toBe(2);
  expect([...failed.keys()]).toEqual([lostId]);
  const { rows } = await pool.query('select * from webhooks where id = $1', [endpointId]);
  const opened = ['secret_ciphertext', 'previous_secrets_ciphertext', 'headers_ciphertext'].map((column) =>
    newBox.open(rows[0][column], webhookContext(organizationId, endpointId)),
  );
  expect(opened).toEqual(['now', 'before', '{}']);
  const own = await pool.query('select secret_ciphertext from webhook_secrets');
  expect(newBox.open(own.rows[0].secret_ciphertext, webhookContext(organizationId, organizationId))).toBe('own');
  expect(await rotateWebhooks(pool, both)).toMatchObject({ rotated: 0 });
});
