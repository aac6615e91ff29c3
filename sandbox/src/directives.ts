import { type FaultName, faultNames, isFaultName } from './faults.ts';

/** What a request asks of the sandbox itself. */
export interface Directives {
  latencyMs?: number;
  fault?: FaultName;
  /** The fault strikes this many times, then the request works. Absent: always. */
  times?: number;
  retryAfterSeconds?: number;
  isPictureTiny?: boolean;
  /** About how long the file of a video is to be. */
  bytes?: number;
  callback?: CallbackManner;
  /** How long a text answer is to be. */
  tokens?: number;
}

/**
 * How the callback at a task's end goes wrong: 3 seconds late; twice, as one and the same message; not at all; or first
 * with a signature that does not fit, then properly.
 */
export type CallbackManner = (typeof callbackManners)[number];
const callbackManners = ['late', 'duplicate', 'none', 'forged'] as const;

/** The longest video whose boxes still have 32-bit lengths. */
const bytesMax = 4_000_000_000;

const directiveNames = ['latency', 'fault', 'times', 'retry_after', 'picture', 'bytes', 'callback', 'tokens'] as const;
const bracketed = /\[sandbox:([^\]]*)\]/gi;

/**
 * Reads directives from the prompt (`a cat [sandbox: fault=429, times=2]`) and from the header `x-sandbox`, which wins.
 * Throws a RangeError for a directive it does not know, because a misspelt fault would make a test pass for nothing.
 */
export function parseDirectives(prompt: string, header: string | undefined): Directives {
  const directives: Directives = {};
  if (prompt.includes('[')) for (const match of prompt.matchAll(bracketed)) readList(match[1] ?? '', directives);
  if (header) readList(header, directives);
  return directives;
}

/** The prompt without its directives, as a picture shows it. */
export function stripDirectives(prompt: string): string {
  return prompt.includes('[') ? prompt.replace(bracketed, '').trim() : prompt;
}

function readList(list: string, into: Directives): void {
  for (const item of list.split(',')) {
    const [name = '', value = ''] = item.split('=', 2).map((part) => part.trim());
    if (name !== '') readOne(name, value, into);
  }
}

function readOne(name: string, value: string, into: Directives): void {
  switch (name) {
    case 'latency':
      into.latencyMs = readNumber(name, value, 3_600_000);
      return;
    case 'times':
      into.times = readNumber(name, value, 1_000_000);
      return;
    case 'retry_after':
      into.retryAfterSeconds = readNumber(name, value, 86_400);
      return;
    case 'tokens':
      into.tokens = readNumber(name, value, 1_000_000);
      return;
    case 'picture':
      if (value !== 'tiny') throw new RangeError(`picture must be "tiny", not "${value}"`);
      into.isPictureTiny = true;
      return;
    case 'bytes':
      into.bytes = readNumber(name, value, bytesMax);
      return;
    case 'callback':
      into.callback = readManner(value);
      return;
    case 'fault':
      if (!isFaultName(value)) throw new RangeError(`unknown fault "${value}"; known: ${faultNames.join(', ')}`);
      into.fault = value;
      return;
    default:
      throw new RangeError(`unknown directive "${name}"; known: ${directiveNames.join(', ')}`);
  }
}

function readManner(value: string): CallbackManner {
  const manner = callbackManners.find((name) => name === value);
  if (!manner) throw new RangeError(`callback must be one of ${callbackManners.join(', ')}, not "${value}"`);
  return manner;
}

function readNumber(name: string, value: string, max: number): number {
  const number = Number(value);
  if (value === '' || !Number.isInteger(number) || number < 0 || number > max) {
    throw new RangeError(`${name} must be a whole number from 0 to ${max}, not "${value}"`);
  }
  return number;
}
