import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import boundaries from 'eslint-plugin-boundaries';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The rooms by layer; a room imports only from lower layers, and sideways only within layer 0 and 1 as listed. */
const LAYERS = {
  5: ['gateway', 'admin', 'health', 'cli'],
  4: ['auth', 'rate-limit', 'budget', 'routing', 'providers', 'cache', 'mcp', 'a2a', 'guardrails', 'usage'],
  3: ['exchange'],
  2: ['tenancy', 'registry', 'counters', 'ledger'],
  1: ['infra'],
  0: ['config'],
};
const layerOf = (room) => Number(Object.entries(LAYERS).find(([, rooms]) => rooms.includes(room))[0]);
const rooms = Object.values(LAYERS).flat();
const below = (room) => rooms.filter((other) => layerOf(other) < layerOf(room));

const only = (type, captured) => ({ element: captured === undefined ? { type } : { type, captured } });
const to = (type, captured) => ({ to: only(type, captured) });

/** Packages that only some files may know, with the files that may. */
const RESTRICTED = [
  {
    name: 'typeorm',
    files: [
      '**/*.entity.ts',
      '**/*.repository.ts',
      'migrations/**',
      'src/infra/database/**',
      'ormconfig.ts',
      'test/**',
    ],
  },
  { name: 'ioredis', files: ['**/*.store.ts', 'src/infra/redis/**', 'test/**'] },
  { name: 'undici', files: ['src/infra/http/**', 'src/providers/**', 'test/**'] },
];

const restrictedImports = (allowed) => [
  'error',
  {
    paths: RESTRICTED.filter(({ name }) => !allowed.includes(name)).map(({ name }) => ({
      name,
      message: `${name} stays behind its own files (see docs/ARCHITECTURE.md).`,
    })),
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'bench/node_modules/', 'coverage/', 'web/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { boundaries, 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.json' }), createNodeResolver()],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import/resolver': { typescript: { project: 'tsconfig.json' } },
      'boundaries/include': ['src/**/*.ts', 'libs/**/*.ts'],
      'boundaries/elements': [
        { type: 'root', pattern: 'src', partialMatch: false },
        { type: 'room', pattern: 'src/*', capture: ['room'] },
        { type: 'lib', pattern: 'libs/*', capture: ['lib'] },
      ],
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            { from: only('root'), allow: [to('root'), to('room'), to('lib')] },
            ...rooms.map((room) => ({
              from: only('room', { room }),
              allow: [to('room', { room }), ...below(room).map((lower) => to('room', { room: lower })), to('lib')],
            })),
            // The command line starts the whole.
            { from: only('room', { room: 'cli' }), allow: [to('root')] },
            { from: only('lib', { lib: 'protocol' }), allow: [to('lib', { lib: 'protocol' })] },
            {
              from: only('lib', { lib: 'streaming' }),
              allow: [to('lib', { lib: 'streaming' }), to('lib', { lib: 'protocol' })],
            },
            { from: only('lib', { lib: 'wire' }), allow: [to('lib')] },
          ],
        },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-default-export': 'error',
      'no-restricted-imports': restrictedImports([]),
      complexity: ['error', 10],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Nest injects by the type of the parameter: classes named in decorated signatures must be imported as values.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  ...RESTRICTED.map(({ files }) => ({
    files,
    rules: {
      'no-restricted-imports': restrictedImports(
        RESTRICTED.filter((other) => other.files.some((f) => files.includes(f))).map(({ name }) => name),
      ),
    },
  })),
  {
    files: ['src/!(config)/**/*.ts', 'src/*.ts', 'libs/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config reads the environment.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      'max-params': 'off',
      complexity: 'off',
      'no-console': 'off',
      // Answers of an HTTP API are read as they come; a wrong shape fails the expectation.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    // A schema reads best as one piece.
    files: ['migrations/*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // Constructors of injected classes take what they need; Nest fills them in.
    files: ['src/**/*.{service,guard,controller,repository}.ts'],
    rules: { 'max-params': ['error', 7] },
  },
  {
    // Views and DTOs are plain data described by classes, so that the API documentation can be made from them.
    files: ['src/admin/**/*.ts', 'src/cli/**/*.ts', 'src/main.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['src/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
