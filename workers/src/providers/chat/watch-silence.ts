export interface SilenceWatch {
  /** Aborts once it has been silent for too long. */
  signal: AbortSignal;
  /** Something was heard. */
  restart(): void;
  stop(): void;
}

/** Watches something that must be heard of every `silenceMsMax`. */
export function watchSilence(silenceMsMax: number): SilenceWatch {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), silenceMsMax);
  return {
    signal: controller.signal,
    restart: () => {
      timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}
