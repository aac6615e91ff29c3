import { readFileSync } from 'node:fs';

/** Resident memory of a process, in bytes. */
export interface MemoryUse {
  now: number;
  /** The most it has ever been. */
  peak: number;
}

/** Null on systems without /proc, and once the process has ended. */
export function readMemory(pid: number): MemoryUse | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
  } catch {
    return null;
  }
}

export function toMegabytes(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : bytes / 2 ** 20;
}
