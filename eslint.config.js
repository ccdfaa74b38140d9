import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ENTRY_POINTS = ['src/main.ts', 'src/sandbox/main.ts', 'src/database/migrate.ts', 'src/cli/**/*.ts'];

export default defineConfig(
  globalIgnores(['**/dist/', '**/miniprogram_dist/', 'coverage/', '.data/', '**/node_modules/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['{src,test,examples,packages/client/src}/**/*.ts', 'ormconfig.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      // Nest reads the types of parameters at run time: an import turned into `import type` silently ends validation.
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // `async` without `await` still turns what is thrown into a rejection.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allow: ['URL', 'URLSearchParams'] },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },

  // Its modules give closures to one another: there is no `this` to lose.
  { files: ['packages/client/src/**/*.ts'], rules: { '@typescript-eslint/unbound-method': 'off' } },

  {
    files: ['{src,packages/client/src}/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config reads the environment.' },
        { object: 'globalThis', property: 'process', message: 'Only src/config reads the environment.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['process', 'node:process'].map((name) => ({
            name,
            importNames: ['env', 'default'],
            message: 'Only src/config reads the environment.',
          })),
        },
      ],
    },
  },
  { files: ENTRY_POINTS, rules: { 'no-console': 'off', 'no-restricted-properties': 'off' } },
  { files: ['src/config/**/*.ts'], rules: { 'no-restricted-properties': 'off', 'no-restricted-imports': 'off' } },
  {
    files: ['src/**/index.ts'],
    rules: {
      'no-restricted-syntax': ['error', { selector: 'Program', message: 'No barrels: import from the file itself.' }],
    },
  },

  {
    files: ['test/**/*.ts', '**/*.spec.ts', 'examples/**/*.ts'],
    rules: {
      // Tests state what they expect of untyped answers.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },

  {
    files: ['**/*.{js,mjs,cjs}'],
    rules: { eqeqeq: 'error', 'no-unused-vars': ['error', { ignoreRestSiblings: true }] },
  },
);
