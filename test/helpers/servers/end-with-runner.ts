/**
 * A vitest worker outlives its runner: after SIGKILL of the runner a hanging test goes on in it until it times out, and so
 * do its private servers. The channel to the runner closes at that moment, and with this the worker ends then.
 */
if (process.send !== undefined) process.once('disconnect', () => process.exit());
