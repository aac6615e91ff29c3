import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from './write-file-atomically.ts';

export interface Secrets {
  postgresPassword: string;
  jwtSecret: string;
  supabasePublishableKey: string;
  supabaseSecretKey: string;
  urlSigningSecret: string;
  /** `id:key` */
  masterKey: string;
  demoPassword: string;
}

const random = () => randomBytes(32).toString('base64url');

/** The secrets of this data directory: made at random once, kept in `secrets.json` for its owner only. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const file = path.join(dataDir, 'secrets.json');
  const made: Secrets = {
    postgresPassword: random(),
    jwtSecret: random(),
    supabasePublishableKey: `sb_publishable_${random()}`,
    supabaseSecretKey: `sb_secret_${random()}`,
    urlSigningSecret: random(),
    masterKey: `local:${randomBytes(32).toString('base64')}`,
    demoPassword: randomBytes(12).toString('base64url'),
  };
  const kept = await readFile(file, 'utf8').catch(() => '{}');
  const secrets: Secrets = { ...made, ...JSON.parse(kept) };
  await mkdir(dataDir, { recursive: true });
  await writeFileAtomically(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}
