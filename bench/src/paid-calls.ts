interface CallList {
  data: { prompt: string; accepted: boolean }[];
}

/** What the sandbox's own book says: how often each prompt with this marker was accepted, and so paid for. */
export async function readPaidCalls(sandboxUrl: string, marker: string): Promise<Map<string, number>> {
  const url = `${sandboxUrl}/_sandbox/calls?prompt_contains=${encodeURIComponent(marker)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const { data } = (await response.json()) as CallList; // as the sandbox's book answers
  const paid = new Map<string, number>();
  for (const { prompt, accepted } of data) if (accepted) paid.set(prompt, (paid.get(prompt) ?? 0) + 1);
  return paid;
}
