import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** An e-mail as a mail server got it, decoded. */
export interface ReceivedEmail {
  to: string;
  /** By name in lower case, unfolded. */
  headers: Map<string, string>;
  text: string;
  html: string;
}

export interface SmtpServer {
  url: string;
  /** What was taken, in order. */
  received: ReceivedEmail[];
  to(address: string): ReceivedEmail[];
  /** Answers the next recipients of this address so, one code for each; then it takes them. */
  refuse(address: string, ...codes: number[]): void;
  close(): Promise<void>;
}

/** A real mail server on a free port of this machine that delivers nothing; with a password it wants that one. */
export async function startSmtp(options: { password?: string } = {}): Promise<SmtpServer> {
  const received: ReceivedEmail[] = [];
  const refusals = new Map<string, number[]>();
  const server = new SMTPServer({
    authOptional: options.password === undefined,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS', ...(options.password === undefined ? (['AUTH'] as const) : [])],
    onAuth: ({ password }, _session, callback) =>
      password === options.password ? callback(null, { user: 'somebody' }) : callback(new Error('wrong password')),
    onRcptTo({ address }, _session, callback) {
      const code = refusals.get(address)?.shift();
      callback(code === undefined ? null : Object.assign(new Error('refused by the test'), { responseCode: code }));
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push({
          to: session.envelope.rcptTo[0]?.address ?? '',
          ...parse(Buffer.concat(chunks).toString('latin1')),
        });
        callback(null);
      });
    },
  });
  server.on('error', () => {}); // Clients that are killed break their connections.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo; // a listening TCP server has an address object
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    to: (address) => received.filter((email) => email.to === address),
    refuse: (address, ...codes) => void refusals.set(address, codes),
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

function parse(source: string): Omit<ReceivedEmail, 'to'> {
  const { headers, body } = splitPart(source);
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get('content-type') ?? '')?.[1] ?? '';
  const parts = body.split(`--${boundary}`).map((part) => splitPart(part.replace(/^\r\n/, '')));
  const contentOf = (type: string): string => {
    const part = parts.find(({ headers: of }) => of.get('content-type')?.startsWith(type) === true);
    return part === undefined ? '' : decodeBody(part.body, part.headers.get('content-transfer-encoding') ?? '');
  };
  return { headers, text: contentOf('text/plain'), html: contentOf('text/html') };
}

function splitPart(source: string): { headers: Map<string, string>; body: string } {
  const end = source.indexOf('\r\n\r\n');
  const lines = source
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [name = '', ...value] = line.split(':');
    headers.set(name.toLowerCase(), decodeWords(value.join(':').trim()));
  }
  return { headers, body: source.slice(end + 4) };
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  return encoding === 'quoted-printable' ? decodeQuoted(body.replaceAll('=\r\n', '')) : body;
}

/** RFC 2047. */
function decodeWords(value: string): string {
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_all, kind: string, words: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(words, 'base64').toString('utf8')
        : decodeQuoted(words.replaceAll('_', ' ')),
    );
}

function decodeQuoted(words: string): string {
  const bytes = words.replaceAll(/=([0-9A-F]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
