import { App, type EmailMessage, setExperimental } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';
import postgres from 'postgres';
import { createFileStorage } from './supabase-storage.ts';

export interface SupabaseOptions {
  databaseUrl: string;
  jwtSecret: string;
  publishableKey: string;
  secretKey: string;
  storageDir: string;
  port: number;
  /** Where links in e-mails lead: the address of the front end. */
  siteUrl: string;
}

/** A mail that Supabase Auth would have sent. */
export interface SentMail extends EmailMessage {
  sent_at: string;
}

// Roles belong to the whole server, default privileges to one database. Hosted Supabase grants the same at creation,
// so that migrations must revoke what they do not mean to give.
const rolesSql = `
do $$
declare
  role_name text;
begin
  perform pg_advisory_xact_lock(hashtext('base: supabase roles'));
  foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit', role_name);
    end if;
  end loop;
  alter role service_role bypassrls;
end
$$;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;`;

/** Gives a database what a hosted Supabase project has before any migration: the roles, `auth` and `storage`. */
export async function prepareSupabase(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(rolesSql).simple();
  } finally {
    await sql.end();
  }
  const connection = connect(databaseUrl, 1);
  try {
    // Only the schemas are made here: no token is signed and no key is checked.
    const unused = { jwtSecret: '-', publishableKey: '', secretKey: '', storageDir: '-', siteUrl: 'http://127.0.0.1' };
    await createApp(connection, unused).ensureSystemSchema();
  } finally {
    await connection.close();
  }
}

type Connection = ReturnType<typeof createPostgresConnection>;

/** Parts of the library that it does not publish and that the differences below are mended with. */
interface LiteInternals {
  normalizeDbError(error: unknown): { code?: unknown; message?: string; detail?: string | null; hint?: string | null };
  exec(sql: string): Promise<unknown>;
  rlsState: string;
}

function internalsOf(connection: Connection): LiteInternals {
  return connection as unknown as LiteInternals; // The members exist, but are not part of the published types.
}

function connect(databaseUrl: string, max: number): Connection {
  // PostgREST answers ISO 8601 times; the driver's text form has a blank and a short offset.
  const parse = (text: string) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00');
  const asText = (type: number) => ({ to: type, from: [type], serialize: (value: unknown) => value, parse });
  const types = { timestamptz: asText(1184), timestamp: asText(1114) };
  return createPostgresConnection({ url: databaseUrl, postgresOptions: { max, onnotice: () => {}, types } });
}

function createApp(
  connection: Connection,
  options: Omit<SupabaseOptions, 'databaseUrl' | 'port'>,
  sendMail: (message: EmailMessage) => Promise<void> = async () => {},
) {
  setExperimental('storage', true); // The library reads its own flag only once, when it is loaded.
  const app = new App({
    connection,
    api: { schemas: ['public'], max_rows: 1000 },
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      jwt_expiry: 3600,
      enable_signup: true,
      publishable_key: options.publishableKey,
      secret_key: options.secretKey,
      site_url: options.siteUrl,
      additional_redirect_urls: ['http://127.0.0.1:*/**', 'http://localhost:*/**'],
      minimum_password_length: 8,
      email: { enable_confirmations: false },
    },
    storage: { enabled: true, file_size_limit: '2GiB' },
    options: {
      server: { disableStudio: true, disableFallback: true, admin: false },
      drivers: { email: { send: sendMail } },
    },
  });
  app._storageAdapter = createFileStorage(options.storageDir); // Without one, `storage` is not even created.
  return app;
}

export interface LocalSupabase {
  fetch(request: Request, context: { peerAddress: string | null }): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Supabase's HTTP API on a Postgres that `prepareSupabase` has prepared and the migrations have filled. Where the
 * library differs from hosted Supabase, the answers are mended here. Mails are not sent: `GET /_mail?to=` lists them.
 */
export async function createSupabase(options: SupabaseOptions): Promise<LocalSupabase> {
  const connection = connect(options.databaseUrl, 10);
  const mails: SentMail[] = [];
  const app = createApp(connection, options, async (message) => {
    mails.push({ ...message, sent_at: new Date().toISOString() });
    if (mails.length > 500) mails.shift();
    console.info(`mail to ${message.to}: ${message.subject}\n${message.text ?? message.html ?? ''}`);
  });
  const internals = internalsOf(connection);
  keepSqlStates(internals);
  await app.init();
  await keepRevokes(internals);
  const fetch: LocalSupabase['fetch'] = async (request, context) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/_health') return Response.json({ status: 'ok' });
    if (pathname === '/_mail') {
      const to = searchParams.get('to');
      return Response.json({ data: mails.filter((mail) => to === null || mail.to === to) });
    }
    const answer = (inner: Request) => app.fetch(inner, context);
    if (request.method === 'POST' && /^\/storage\/v1\/object\/sign\/[^/]+$/.test(pathname)) {
      return signMany(request, answer);
    }
    const response = await answer(request);
    const isSigning = request.method === 'POST' && /^\/storage\/v1\/object\/(upload\/)?sign\//.test(pathname);
    return isSigning && response.ok ? renameSignedUrl(response) : response;
  };
  return { fetch, close: () => connection.close() };
}

/** The library turns an error raised by a function into "500 SUP"; PostgREST keeps its SQLSTATE, details and hint. */
function keepSqlStates(internals: LiteInternals): void {
  const normalize = internals.normalizeDbError.bind(internals);
  internals.normalizeDbError = (error) => {
    const known = normalize(error);
    if (typeof known?.code !== 'string' || !/^(P0|23514|23P|40|57)/.test(known.code)) return known;
    const status = known.code === 'P0001' || known.code.startsWith('23') ? 400 : 500;
    const { code, message, detail, hint } = known;
    const body = JSON.stringify({ code, message, details: detail ?? null, hint: hint ?? null });
    return { code: 'PGRST', message: body, detail: JSON.stringify({ status, headers: {} }) };
  };
}

/** On its first request the library grants every table to everyone, which undoes the migrations' REVOKEs. */
async function keepRevokes(internals: LiteInternals): Promise<void> {
  await internals.exec('grant usage on schema auth, storage to anon, authenticated, service_role');
  await internals.exec('grant all on all tables in schema storage to anon, authenticated, service_role');
  internals.rlsState = 'active';
}

/** `createSignedUrls` of supabase-js: the library has no working route for several paths at once. */
async function signMany(request: Request, answer: (request: Request) => Promise<Response>): Promise<Response> {
  const { expiresIn, paths }: { expiresIn: number; paths: string[] } = JSON.parse(await request.text());
  const signed = await Promise.all(
    paths.map(async (path) => {
      const body = JSON.stringify({ expiresIn });
      const url = `${request.url}/${encodeURI(path)}`;
      const response = await answer(new Request(url, { method: 'POST', headers: request.headers, body }));
      const { signedUrl, message }: { signedUrl?: string; message?: string } = JSON.parse(await response.text());
      return { path, signedURL: withoutPrefix(signedUrl), error: response.ok ? null : message };
    }),
  );
  return Response.json(signed);
}

/** supabase-js reads `signedURL` or `url`, relative to /storage/v1; the library answers `signedUrl` with that prefix. */
async function renameSignedUrl(response: Response): Promise<Response> {
  const body: { signedUrl?: string } = JSON.parse(await response.text());
  const url = withoutPrefix(body.signedUrl);
  return Response.json({ ...body, signedURL: url, url });
}

function withoutPrefix(signedUrl: string | undefined): string | null {
  return signedUrl?.replace(/^\/storage\/v1/, '') ?? null;
}
