import type { Config } from 'jest';

/** Tests run on the TypeScript sources as they are; swc only strips the types. */
const config: Config = {
  testEnvironment: 'node',
  // Else in the temporary folder of the machine, where nothing is to stay.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // These packages have ES modules only, and Jest reads CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!(jose|oauth4webapi)/)'],
  transform: {
    '^.+\\.(ts|tsx|mjs)$|/node_modules/(jose|oauth4webapi)/.+\\.js$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2024',
          transform: { react: { runtime: 'automatic' } },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  testTimeout: 30_000,
};

export default config;
