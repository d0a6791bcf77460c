import { relative } from 'node:path';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { faultOf } from './test/architecture.ts';

/** Imports point one way: test/architecture.ts says which, and test/architecture.test.ts asks it about every file too. */
const architecture = {
  rules: {
    imports: {
      meta: { type: 'problem', schema: [] },
      create(context) {
        const file = relative(import.meta.dirname, context.filename).replaceAll('\\', '/');
        const look = ({ source }) => {
          const fault = typeof source?.value === 'string' ? faultOf(file, source.value) : undefined;
          if (fault !== undefined) context.report({ node: source, message: `${fault}.` });
        };
        return {
          ImportDeclaration: look,
          ExportNamedDeclaration: look,
          ExportAllDeclaration: look,
          ImportExpression: look,
        };
      },
    },
  },
};

const pureGlobals = ['process', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'console'].map(
  (name) => ({
    name,
    message: 'src/core is pure: no I/O, clock, logger or process.',
  }),
);

export default tseslint.config(
  { ignores: ['node_modules', 'dist', '.tap'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { architecture },
    rules: {
      'architecture/imports': 'error',
      // `?.` and `??` count as branches, so this is about ten decisions
      complexity: ['error', 20],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300 }],
      eqeqeq: 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config/config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='Date'][property.name='now']",
          message: 'src/core has no clock.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'src/core has no clock.',
        },
      ],
    },
  },
  { files: ['src/config/config.ts', 'test/**'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['test/**'],
    rules: {
      'max-params': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['eslint.config.js'], extends: [tseslint.configs.disableTypeChecked] },
);
