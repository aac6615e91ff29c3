import { type Task, type TaskState, taskProgress } from '../task.ts';

const steps = 10;
const barWidth = 10;

/**
 * What a model has printed by `nowMs`: a line for each of ten steps, in the form of Python's tqdm, which is what real
 * models print and clients read. Empty before the task runs.
 */
export function progressLines(task: Task, state: TaskState, nowMs: number): string[] {
  if (state.startedAtMs === null) return [];
  const done = Math.floor((taskProgress(task, state, nowMs) * steps) / 100);
  const stepSeconds = (task.createdAtMs + task.latencyMs - state.startedAtMs) / 1000 / steps;
  return Array.from({ length: done + 1 }, (_, step) => progressLine(step, stepSeconds));
}

function progressLine(step: number, stepSeconds: number): string {
  const percent = `${Math.round((step * 100) / steps)}`.padStart(3);
  const bar = '█'.repeat(Math.round((step * barWidth) / steps)).padEnd(barWidth);
  const times = `${clock(step * stepSeconds)}<${step === 0 ? '?' : clock((steps - step) * stepSeconds)}`;
  const pace = step === 0 || stepSeconds <= 0 ? '?' : (1 / stepSeconds).toFixed(2);
  return `${percent}%|${bar}| ${step}/${steps} [${times}, ${pace.padStart(5)}it/s]`;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return [Math.floor(whole / 60), whole % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
