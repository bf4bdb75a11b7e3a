/** Begins the name of everything that one test run makes on a server. */
export const runPrefix = (testRunId: string): string => `vigil-test-${testRunId}-`;
