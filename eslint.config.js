import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      ...['**/dist/**', 'data/**', '**/node_modules/**', 'coverage/**', '.cache/**'],
      ...['test/clients/generated/with-*.ts', 'packages/client/src/generated/**'],
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    // Types of its packages, which are not installed here.
    ignores: ['examples/app/**'],
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      // What features and teams add to by declaration merging.
      '@typescript-eslint/no-empty-object-type': ['error', { allowWithName: '^OutboxTasks$' }],
      'no-console': 'error',
      'max-lines': ['error', { max: 220, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['describe', 'it'] }] },
      ],
    },
  },
  { files: ['src/database/migrations/**', 'test/**'], rules: { 'max-lines': 'off' } },
);
