import { defineConfig } from 'vitest/config';

// against hanging alone, also on a machine with six times as much to do: what must be fast asserts so itself
const common = { testTimeout: 120_000, hookTimeout: 240_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/{unit,property,golden}/**/*.test.ts'],
        },
      },
      {
        test: {
          ...common,
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/console/**/*.test.ts'],
          globalSetup: ['test/helpers/servers/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          ...common,
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
