import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Unit tests run from source (the `source` export condition), so they need no build. System tests drive the built
// daemon and command against real components, each in a bed of its own namespaces.
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions: ['source'] },
        ssr: { resolve: { conditions: ['source'] } },
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          environment: 'node',
          // Some wait for daemons, too: also two cores take two at once.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        resolve: { conditions: ['source'] },
        ssr: { resolve: { conditions: ['source'] } },
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          environment: 'node',
          // Each has daemons of its own and often waits for them: two at once take less time, also on two cores.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A real component may be late once on a busy machine; the report shows what needed a second try.
          retry: process.env.CI === undefined ? 0 : 1,
        },
      },
    ],
  },
});
