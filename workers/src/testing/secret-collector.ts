/** Gathers every secret that a run uses or makes, and looks for them in what processes have written. */
export interface SecretCollector {
  /** Gives the secret back. @throws Error when it is too short to be found by chance only */
  keep(what: string, secret: unknown): string;
  /** What stands in the text, by name: as it is, or as URLs and Base64 carry it. */
  findIn(text: string): string[];
  names(): string[];
}

const lengthMin = 12;

export function createSecretCollector(): SecretCollector {
  const secrets = new Map<string, string>();
  return {
    keep(what, secret) {
      if (typeof secret !== 'string' || secret.length < lengthMin)
        throw new Error(`${what} is no secret: it is too short`);
      secrets.set(secret, what);
      // The last part of a signed token is what nobody else can make.
      const signature = secret.split('.').at(-1) ?? '';
      if (signature !== secret && signature.length >= lengthMin) secrets.set(signature, `the signature of ${what}`);
      return secret;
    },
    findIn(text) {
      return [...secrets].flatMap(([secret, what]) =>
        formsOf(secret).some((form) => text.includes(form)) ? [what] : [],
      );
    },
    names: () => [...secrets.values()],
  };
}

function formsOf(secret: string): string[] {
  const encoded = Buffer.from(secret).toString('base64url');
  // Without the end, which depends on what follows.
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), encoded.slice(0, -4)];
}
