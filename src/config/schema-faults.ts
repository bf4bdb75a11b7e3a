/** What a schema finds wrong in a YAML file, as faults with places; unknown keys with the key that was probably meant. */
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import type { ConfigFault } from '../domain/config-fault.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import type { PathStep, YamlFile } from '../domain/strict-yaml.ts';

type SchemaError = ReturnType<typeof Errors>[number];

export function schemaFaults(schema: TSchema, yaml: YamlFile, value: unknown = yaml.value): readonly ConfigFault[] {
  return Errors(schema, value)
    .filter((error) => error.keyword !== 'boolean' && error.keyword !== 'anyOf')
    .flatMap((error) => faultsOf(schema, yaml, error));
}

function faultsOf(schema: TSchema, yaml: YamlFile, error: SchemaError): readonly ConfigFault[] {
  const path = stepsOf(error.instancePath);
  if (error.keyword === 'additionalProperties') {
    const known = knownKeys(schema, path);
    return error.params.additionalProperties.map((key) =>
      yaml.fault([...path, key], 'is not a known key', didYouMean(key, known), 'key'),
    );
  }
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((key) => yaml.fault([...path, key], 'is missing'));
  }
  if (error.keyword === 'enum') {
    return [yaml.fault(path, `must be one of ${error.params.allowedValues.map((v) => JSON.stringify(v)).join(', ')}`)];
  }
  return [yaml.fault(path, error.message)];
}

/** JSON pointer → steps; digits are list positions. */
function stepsOf(pointer: string): readonly PathStep[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function knownKeys(schema: TSchema, path: readonly PathStep[]): readonly string[] {
  let at: { properties?: Record<string, object>; items?: object } | undefined = schema;
  for (const step of path) at = typeof step === 'number' ? at?.items : at?.properties?.[step];
  return Object.keys(at?.properties ?? {});
}
