import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { Config } from '../config/env-schema.ts';
import { scrubSecrets } from './scrub-secrets.ts';

export type Logger = PinoLogger;

const causesMax = 3;

interface LoggedError {
  type: string;
  message: string;
  code?: string;
  constraint?: string;
  stack?: string;
  cause?: LoggedError;
}

/**
 * What a log line says of an error. Fields are allowed one by one: errors of drivers and HTTP clients carry headers,
 * parameters and row values, and those are not logged.
 */
export function serializeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error).slice(0, 500) };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }; // drivers add these to plain errors
  return {
    type: error.name,
    message: error.message.slice(0, 2000),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack.slice(0, 4000) }),
    ...(error.cause === undefined || depth >= causesMax ? {} : { cause: serializeError(error.cause, depth + 1) }),
  };
}

/**
 * A JSON logger, one object per line. Errors go in as `err`; requests are described by the HTTP layer field by field
 * and never handed over whole. Every finished line passes the scrubber, whatever it came from.
 */
export function createLogger(
  options: { level: Config['LOG_LEVEL']; process: string },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level,
    base: { process: options.process, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    messageKey: 'message',
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError, error: serializeError, req: () => undefined, res: () => undefined },
    hooks: { streamWrite: scrubSecrets },
  };
  // Asynchronous: a write per line would hold up every request. What is left is written when the process exits.
  return pino(settings, destination ?? pino.destination({ dest: 1, sync: false }));
}
