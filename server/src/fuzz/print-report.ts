import type { Failure, FuzzReport } from './fuzz.ts';
import type { FuzzRequest } from './request.ts';

export interface PrintOptions {
  apiUrl: string;
  /** Printed as $TOKEN. */
  token?: string;
}

const failuresShown = 50;
const curlMax = 6_000;

/** The report as text: counts, the seed, and each failure with the request that shows it again. */
export function printReport(report: FuzzReport, options: PrintOptions): string {
  const { seed, sent, durationSeconds, failures, changes } = report;
  const hidden = failures.length - failuresShown;
  return [
    `${sent} requests in ${durationSeconds.toFixed(1)} s (${Math.round(sent / durationSeconds)} a second), seed ${seed}`,
    '',
    'By status',
    `  ${printCounts(report.byStatus)}`,
    '',
    ...printGroups('By caller', report.byCaller),
    ...printGroups('By operation', report.byOperation),
    ...failures.slice(0, failuresShown).flatMap((failure) => printFailure(failure, options)),
    ...(hidden > 0 ? [`… and ${hidden} more`, ''] : []),
    ...changes.map((change) => `✗ ${change}`),
    failures.length + changes.length === 0
      ? '✓ no 5xx, no leak, no changed balance, role or plan, nothing of another tenant touched'
      : `✗ ${failures.length} failed requests, ${changes.length} changes`,
  ].join('\n');
}

function printCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${status}: ${count}`)
    .join('  ');
}

function printGroups(title: string, groups: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  const width = Math.max(0, ...[...groups.keys()].map((name) => name.length));
  const lines = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, counts]) => `  ${name.padEnd(width)}  ${printCounts(counts)}`);
  return [title, ...lines, ''];
}

function printFailure({ request, what }: Failure, options: PrintOptions): string[] {
  return [
    `✗ request ${request.index}, ${request.caller.kind}, ${request.operation.name}: ${what}`,
    `  ${toCommand(request, options)}`,
    '',
  ];
}

/** A line for a shell that sends the request again. */
export function toCommand(request: FuzzRequest, { apiUrl, token }: PrintOptions): string {
  const command = request.wire === null ? toCurl(request, apiUrl) : toNetcat(request.wire.bytes, apiUrl);
  if (command.length > curlMax) {
    return `too long for a line: run again with the same --seed and --requests, and --only ${request.index}`;
  }
  return token === undefined ? command : command.replaceAll(token, '\'"$TOKEN"\'');
}

function toCurl({ method, target, headers, body }: FuzzRequest, apiUrl: string): string {
  const parts = [
    `curl -sS -i --path-as-is -g -X ${method} ${quote(Buffer.from(`${apiUrl}${target}`))}`,
    ...headers.map(
      ([name, value]) => `-H ${quote(Buffer.from(value === '' ? `${name};` : `${name}: ${value}`, 'latin1'))}`,
    ),
    ...(body === null ? [] : [`--data-binary ${quote(body)}`]),
  ];
  return parts.join(' ');
}

function toNetcat(bytes: Buffer, apiUrl: string): string {
  const { hostname, port } = new URL(apiUrl);
  return `printf %b ${quote(bytes, true)} | nc ${hostname} ${port}`;
}

/** In single quotes; what is not printable ASCII as an escape that bash (`$'…'`) or `printf %b` reads. */
function quote(bytes: Buffer, isForPrintf = false): string {
  const isPlain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c);
  if (isPlain) return `'${bytes.toString('latin1')}'`;
  const escaped = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte >= 0x7f || byte === 0x27) {
      return isForPrintf ? `\\0${byte.toString(8).padStart(3, '0')}` : `\\x${byte.toString(16).padStart(2, '0')}`;
    }
    return character === '\\' ? '\\\\' : character;
  });
  return `${isForPrintf ? "'" : "$'"}${escaped.join('')}'`;
}
