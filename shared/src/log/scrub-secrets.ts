// Each pattern is a credential that must never reach a log, wherever in a line it turns up.
const secretPatterns: readonly RegExp[] = [
  /\bbase_live_[0-9A-Za-z]{4,}/g,
  /\bsb_(?:secret|publishable)_[0-9A-Za-z_-]{4,}/g,
  /\bsk-[0-9A-Za-z_-]{8,}/g,
  /\b(?:sk|rk|whsec)_(?:live_|test_)?[0-9A-Za-z]{8,}/g,
  /\br8_[0-9A-Za-z]{8,}/g,
  /\bFPSX[0-9A-Za-z]{8,}/g,
  /\beyJ[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]+){0,2}/g,
  /\bBearer\s+[^\s"'\\,;]+/gi,
  // The password in a connection string.
  /(?<=:\/\/[^\s/:@"]{0,100}:)[^\s/@"]{1,200}(?=@)/g,
];

// One cheap test decides whether a line needs the replacements at all; nearly none does.
const maybeSecret = /base_live_|sb_|sk-|sk_|rk_|whsec_|r8_|FPSX|eyJ|bearer\s|:\/\/[^\s/]*@/i;

/** Replaces everything that looks like a credential in a line of text. */
export function scrubSecrets(line: string): string {
  if (!maybeSecret.test(line)) return line;
  return secretPatterns.reduce((text, pattern) => text.replace(pattern, '[secret]'), line);
}
