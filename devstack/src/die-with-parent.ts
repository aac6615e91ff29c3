// Loaded before a part's own code (node --import): when the stack's process disappears, even by SIGKILL, the part
// ends as if it had been asked to. The part's code knows nothing of it.

/** A part that does not drain within this time after losing its parent is stuck. */
const drainMaxMs = 30_000;

if (process.channel !== undefined) {
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), drainMaxMs).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // Listening for 'disconnect' keeps the process alive; a part that has finished must be able to end.
  process.channel.unref();
}
