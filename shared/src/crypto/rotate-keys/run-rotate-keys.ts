import { loadConfig } from '../../config/load-config.ts';
import { openDatabase } from '../../db/database.ts';
import { createSecretBox } from '../secret-box.ts';
import { rotateEmails } from './rotate-emails.ts';
import { rotateKeys } from './rotate-keys.ts';
import { rotateWebhooks } from './rotate-webhooks.ts';

// npm run keys:rotate, with the environment of an API node or a worker. The procedure is in docs/operations.md.
const print = (line: string) => process.stdout.write(`${line}\n`);
try {
  const config = loadConfig();
  const database = openDatabase({
    url: config.DATABASE_URL,
    poolMax: 1,
    applicationName: 'base-rotate-keys',
    onError: () => {}, // The query under way fails too, and says why.
  });
  const onProgress = (rotated: number) => print(`${rotated} provider keys encrypted anew so far`);
  const { pool } = database;
  const secretBox = createSecretBox(config.MASTER_KEYS);
  const rotateAll = async () => ({
    keys: await rotateKeys({ pool, secretBox, onProgress }),
    webhooks: await rotateWebhooks(pool, secretBox),
    emails: await rotateEmails(pool, secretBox),
  });
  const { keys, webhooks, emails } = await rotateAll().finally(() => database.close());
  for (const [id, reason] of keys.failed) print(`provider key ${id} could not be opened: ${reason}`);
  for (const [id, reason] of webhooks.failed) print(`webhook ${id} could not be opened: ${reason}`);
  for (const [id, reason] of emails.failed) print(`the link of e-mail ${id} could not be opened: ${reason}`);
  print(`${keys.rotated} provider keys encrypted anew, ${keys.failed.size} could not be opened`);
  print(`${webhooks.rotated} webhooks encrypted anew, ${webhooks.failed.size} could not be opened`);
  print(`${emails.rotated} links of e-mails encrypted anew, ${emails.failed.size} could not be opened`);
  if (keys.failed.size + webhooks.failed.size + emails.failed.size > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
