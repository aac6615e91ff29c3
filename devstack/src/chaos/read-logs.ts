import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface LogFindings {
  /** Answers to the providers' callbacks, by status. */
  callbacks: Record<string, number>;
  /** Lines with a secret in them, without the secret. */
  leaks: string[];
  /** Lines of level `fatal`. */
  fatal: string[];
}

/** Looks through the logs of API nodes and workers. A killed process may have taken its last lines with it. */
export async function readLogs(logDir: string, secrets: readonly string[]): Promise<LogFindings> {
  const findings: LogFindings = { callbacks: {}, leaks: [], fatal: [] };
  const files = (await readdir(logDir)).filter((name) => /^(api|worker)-/.test(name));
  for (const name of files) {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path.join(logDir, name)) })) {
      number += 1;
      const secret = secrets.find((candidate) => line.includes(candidate));
      if (secret !== undefined)
        findings.leaks.push(`${name}:${number} ${line.replaceAll(secret, '[secret]').slice(0, 400)}`);
      if (line.includes('"level":"fatal"')) findings.fatal.push(`${name}:${number} ${line.slice(0, 400)}`);
      if (line.includes('/callbacks/:provider')) countCallback(line, findings);
    }
  }
  return findings;
}

function countCallback(line: string, { callbacks }: LogFindings): void {
  const status = /"status":(\d{3})/.exec(line)?.[1] ?? 'none';
  callbacks[status] = (callbacks[status] ?? 0) + 1;
}
