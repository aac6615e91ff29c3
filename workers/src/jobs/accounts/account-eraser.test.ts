import { randomUUID } from 'node:crypto';
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startTestServer, type TestServer } from '../../outputs/test-server.ts';
import { createAccountEraser } from './account-eraser.ts';

describe('the account at Supabase Auth', () => {
  const asked: string[] = [];
  let status = 200;
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? {} : { code: 'no', message: 'no' }));
    });
  });
  afterAll(() => server.close());

  it('is deleted with the secret key; one that is gone is no error, and a refusal is', async () => {
    const eraser = createAccountEraser({
      SUPABASE_URL: server.url,
      SUPABASE_SECRET_KEY: 'secret',
      STORAGE_BUCKET: 'b',
    });
    const id = randomUUID();
    await eraser.removeSignIn(id);
    // The client reads the account first.
    expect(asked).toContain(`DELETE /auth/v1/admin/users/${id} Bearer secret`);
    status = 404;
    await eraser.removeSignIn(id);
    status = 403;
    await expect(eraser.removeSignIn(id)).rejects.toThrow('the sign-in was not removed');
  });
});

it('removes stored files, also when some are gone already', async () => {
  const stack = inject('stack');
  const { storage } = createClient(stack.supabase_url, stack.supabase_secret_key);
  const files = storage.from('generations');
  const path = `${randomUUID()}/0.txt`;
  expect((await files.upload(path, Buffer.from('x'), { contentType: 'text/plain' })).error).toBeNull();
  const eraser = createAccountEraser({
    SUPABASE_URL: stack.supabase_url,
    SUPABASE_SECRET_KEY: stack.supabase_secret_key,
    STORAGE_BUCKET: 'generations',
  });
  await eraser.removeFiles([path, `${randomUUID()}/0.txt`]);
  expect((await files.download(path)).error).not.toBeNull();
  await eraser.removeFiles([path]);
});
