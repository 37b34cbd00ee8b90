import { availableParallelism } from 'node:os';

/** One jest project a kind of test; `scripts/test.mjs` chooses which run and brings the servers they need. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  // nestjs-prometheus is CommonJS and requires these ES modules: they must be linked before it asks.
  setupFiles: ['<rootDir>/test/support/link-nest-first.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

const project = (displayName, testMatch) => ({ ...base, displayName, testMatch });

export default {
  testTimeout: 30_000,
  // Most of what the slow ones do is wait: two at once also where Jest would run one after another.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.cjs'],
  projects: [
    project('unit', ['<rootDir>/src/**/*.spec.ts', '<rootDir>/libs/**/*.spec.ts', '<rootDir>/test/*.spec.ts']),
    project('contract', ['<rootDir>/test/contract/**/*.spec.ts']),
    project('integration', ['<rootDir>/test/integration/**/*.spec.ts']),
    project('e2e', ['<rootDir>/test/e2e/**/*.e2e-spec.ts']),
  ],
};
