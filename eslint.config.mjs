import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Files that only ever run in Node. The same as in .dependency-cruiser.cjs. */
const NODE_FILES = [
  'cli/**',
  'scripts/**',
  'bench/**',
  'test/**',
  'extension/**',
  '{debug-adapter,language-server}/**/node-*.ts',
  '**/*.{test,testing}.ts',
];

const NODE_GLOBALS = ['process', 'Buffer', 'require', 'global', '__dirname', '__filename', 'setImmediate'].map(
  (name) => ({ name, message: `Node's ${name}: this file also runs in a browser, which has none.` }),
);

export default tseslint.config(
  // emulator/core is AssemblyScript: asc checks its types, and TypeScript's rules do not hold there.
  { ignores: ['**/build/**', 'dist/**', 'coverage/**', '**/generated/**', 'emulator/core/**', 'guests/**/build/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-implicit-coercion': ['error', { boolean: false }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Table lookups and typed arrays are read with indices known to be in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Without noUncheckedIndexedAccess, a check of an element that may be absent looks unnecessary.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: NODE_FILES,
    rules: {
      'no-restricted-globals': ['error', ...NODE_GLOBALS],
    },
  },
  {
    files: ['extension/views/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-globals': ['error', ...NODE_GLOBALS] },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      // chai-style and mocha idioms, and fakes that need not await.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        ['console', 'process', 'performance', 'URL', 'module', 'require', 'setTimeout', 'clearTimeout', 'Buffer'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
  {
    files: ['cli/**', 'scripts/**', 'bench/**', 'test/lockstep/**', 'test/equivalence/**', 'test/symbols/run.ts'],
    rules: { 'no-console': 'off' },
  },
);
