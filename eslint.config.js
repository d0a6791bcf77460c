import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Imports point one way: webhook -> certs, src/roll -> src/kube -> src/core (docs/ARCHITECTURE.md).
// Each wall names what may not pass it and why; test/architecture.test.ts holds the same walls for every file.
const only = (library, room) => ({
  group: [library, `${library}/*`],
  message: `Only ${room} imports ${library}.`,
});
const fastify = only('fastify', 'webhook/');
const kubernetes = only('@kubernetes/client-node', 'src/kube/');
const undici = only('undici', 'src/kube/ and src/outgoing/');
const forge = only('node-forge', 'certs/');
const pino = only('pino', 'src/log.ts');
const prom = only('prom-client', 'src/metrics.ts and src/reloader-metrics.ts');
const re2 = only('re2js', 'src/core/');
const yaml = only('yaml', 'src/config-file.ts');
const room = (folder, message) => ({ regex: `^(\\.\\./)+(${folder})/`, message });
const wall = (files, patterns, extra = {}) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }], ...extra },
});
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
    rules: {
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
        { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' },
      ],
    },
  },
  wall(
    ['src/core/**'],
    [
      fastify,
      kubernetes,
      undici,
      forge,
      pino,
      prom,
      yaml,
      { regex: '^\\.\\./', message: 'src/core imports only itself.' },
      { regex: '^node:(?!crypto$)', message: 'src/core imports no node module but node:crypto.' },
    ],
    {
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
  ),
  wall(
    ['src/kube/**'],
    [
      fastify,
      forge,
      pino,
      prom,
      re2,
      yaml,
      room('webhook|certs|roll|cli|outgoing', 'src/kube knows src/core only.'),
    ],
  ),
  wall(
    ['src/roll/**'],
    [
      fastify,
      kubernetes,
      undici,
      forge,
      pino,
      prom,
      re2,
      yaml,
      room('webhook|certs|cli|outgoing', 'src/roll knows src/kube and src/core only.'),
    ],
  ),
  wall(
    ['src/outgoing/**'],
    [
      fastify,
      kubernetes,
      forge,
      pino,
      prom,
      re2,
      yaml,
      room('webhook|certs|roll|cli|kube', 'src/outgoing knows src/core and src/*.ts only.'),
    ],
  ),
  wall(
    ['certs/**'],
    [
      fastify,
      kubernetes,
      undici,
      pino,
      prom,
      re2,
      yaml,
      room(
        'webhook|roll|cli|kube|outgoing',
        'certs/ knows src/*.ts only; what it needs of the API server is a port.',
      ),
    ],
  ),
  wall(
    ['webhook/**'],
    [kubernetes, undici, forge, pino, prom, re2, yaml, room('cli', 'webhook/ does not know the plugin.')],
  ),
  wall(['src/*.ts'], [fastify, kubernetes, undici, forge, pino, prom, re2, yaml]),
  wall(['src/config-file.ts'], [fastify, kubernetes, undici, forge, pino, prom, re2]),
  wall(['src/log.ts'], [fastify, kubernetes, undici, forge, prom, re2, yaml]),
  wall(['src/metrics.ts', 'src/reloader-metrics.ts'], [fastify, kubernetes, undici, forge, pino, re2, yaml]),
  { files: ['src/config.ts', 'test/**'], rules: { 'no-restricted-properties': 'off' } },
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
