/**
 * Test runner settings. Two workers because the machines this runs on have two cores; forks, so that a test which blocks its event loop
 * or changes V8 flags hurts no other file.
 */
import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/closing-line-reporter.ts';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', new ClosingLineReporter(process)],
  },
});
