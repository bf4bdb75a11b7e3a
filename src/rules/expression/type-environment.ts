/** The vocabulary as an environment of the CEL library, which checks the types of every expression. */
import { Environment } from '@marcbachmann/cel-js';
import { TRANSACTION_FIELDS } from '../../domain/transaction-fields.ts';
import { SIZE_LIMITS } from './syntax.ts';
import type { ValueType, Vocabulary } from './vocabulary.ts';

const TIMESTAMP = 'google.protobuf.Timestamp';

const celType = (type: ValueType): string => {
  if (type === 'timestamp') return TIMESTAMP;
  return type === 'map' ? 'map<string, dyn>' : type;
};

type Fields = Record<string, string>;

function transactionTypes(environment: Environment, vocabulary: Vocabulary): void {
  const nested = new Map<string, Fields>();
  const own: Fields = {};
  for (const { path } of TRANSACTION_FIELDS) {
    const term = vocabulary.term(`tx.${path}`);
    if (term === undefined) continue;
    const [object = '', name] = path.split('.');
    if (name === undefined) own[object] = celType(term.type);
    else nested.set(object, { ...nested.get(object), [name]: celType(term.type) });
  }
  for (const [object, fields] of nested) {
    const typeName = `Tx_${object}`;
    environment.registerType(typeName, { fields });
    own[object] = typeName;
  }
  environment.registerType('Transaction', { fields: own });
  environment.registerVariable('tx', 'Transaction');
}

function flatType(environment: Environment, vocabulary: Vocabulary, root: string, typeName: string): void {
  const fields: Fields = {};
  for (const name of vocabulary.objects.get(root) ?? []) {
    const term = vocabulary.term(`${root}.${name}`);
    if (term !== undefined) fields[name] = celType(term.type);
  }
  environment.registerType(typeName, { fields });
  environment.registerVariable(root, typeName);
}

function listAndLimitTypes(environment: Environment, vocabulary: Vocabulary): void {
  environment.registerType('Lists', {
    fields: Object.fromEntries([...vocabulary.lists].map((name) => [name, 'list<string>'])),
  });
  environment.registerVariable('lists', 'Lists');
  environment.registerType('LimitState', { fields: { headroom: 'int' } });
  const ids = vocabulary.objects.get('limits') ?? [];
  environment.registerType('Limits', { fields: Object.fromEntries(ids.map((id) => [id, 'LimitState'])) });
  environment.registerVariable('limits', 'Limits');
}

/** Contracts: ints and doubles compare with each other; a term compares with null. Rules are checked here and never run. */
function extraOperators(environment: Environment): void {
  // biome-ignore lint/suspicious/noDoubleEquals: mathematical equality; Number(a) would round beyond 2^53
  environment.registerOperator('int == double', (a: unknown, b: unknown) => a == b);
  for (const type of ['int', 'double', 'string', 'bool', TIMESTAMP])
    environment.registerOperator(`${type} == null`, (value: unknown) => value === null);
}

function build(vocabulary: Vocabulary): Environment {
  const environment = new Environment({
    limits: {
      maxAstNodes: SIZE_LIMITS.maxNodes,
      maxDepth: SIZE_LIMITS.maxDepth,
      maxListElements: SIZE_LIMITS.maxListElements,
      maxMapEntries: SIZE_LIMITS.maxListElements,
      maxCallArguments: 8,
    },
  });
  transactionTypes(environment, vocabulary);
  if (vocabulary.roots.includes('features')) flatType(environment, vocabulary, 'features', 'Features');
  if (vocabulary.roots.includes('profile')) flatType(environment, vocabulary, 'profile', 'Profile');
  if (vocabulary.roots.includes('limits')) listAndLimitTypes(environment, vocabulary);
  extraOperators(environment);
  return environment;
}

const environments = new WeakMap<Vocabulary, Environment>();

export function typeEnvironment(vocabulary: Vocabulary): Environment {
  const known = environments.get(vocabulary);
  if (known !== undefined) return known;
  const built = build(vocabulary);
  environments.set(vocabulary, built);
  return built;
}
