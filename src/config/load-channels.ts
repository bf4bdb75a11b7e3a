/** channels.yaml → ChannelCatalogue, all faults at once. */
import { hash } from 'node:crypto';
import Type, { type Static } from 'typebox';
import type { ChannelCatalogue } from '../domain/channel-catalogue.ts';
import type { ConfigFault, SourceFile } from '../domain/config-fault.ts';
import { OUTCOMES } from '../domain/decision.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import { isCurrency } from '../domain/money.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { parseStrictYaml, type YamlFile } from '../domain/strict-yaml.ts';
import { schemaFaults } from './schema-faults.ts';

const closed = { additionalProperties: false };
const CODE = Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,63}$' });
const NAME = Type.Object({ en: Type.String({ minLength: 1 }), 'zh-CN': Type.String({ minLength: 1 }) }, closed);
const ChannelsSchema = Type.Object(
  {
    version: Type.Literal(1),
    challengeMethods: Type.Array(Type.Object({ code: CODE, name: NAME, unusableFor: Type.Array(CODE) }, closed)),
    channels: Type.Array(
      Type.Object(
        {
          code: CODE,
          name: NAME,
          group: Type.Enum(['remote', 'card', 'self-service', 'counter', 'corporate']),
          deadlineMs: Type.Integer({ minimum: 1, maximum: 60_000 }),
          fallbackOutcome: Type.Enum([...OUTCOMES]),
          staticLimitMinor: Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
          challengeMethods: Type.Array(CODE),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
);
type ChannelsFile = Static<typeof ChannelsSchema>;

export function loadChannels(source: SourceFile): Result<ChannelCatalogue, readonly ConfigFault[]> {
  const parsed = parseStrictYaml(source);
  if (!parsed.ok) return parsed;
  const faults = schemaFaults(ChannelsSchema, parsed.value);
  if (faults.length > 0) return err(faults);
  const file = parsed.value.value as ChannelsFile;
  const referenceFaults = checkReferences(file, parsed.value);
  if (referenceFaults.length > 0) return err(referenceFaults);
  return ok({
    version: hash('sha256', JSON.stringify(file), 'hex').slice(0, 12),
    channels: new Map(file.channels.map((channel) => [channel.code, channel])),
    challengeMethods: new Map(file.challengeMethods.map((method) => [method.code, method])),
  });
}

function checkReferences(file: ChannelsFile, yaml: YamlFile): readonly ConfigFault[] {
  const faults: ConfigFault[] = [...twice(file, 'channels', yaml), ...twice(file, 'challengeMethods', yaml)];
  const methods = file.challengeMethods.map((method) => method.code);
  for (const [index, channel] of file.channels.entries()) {
    for (const [position, method] of channel.challengeMethods.entries()) {
      if (!methods.includes(method)) {
        const path = ['channels', index, 'challengeMethods', position];
        faults.push(yaml.fault(path, `${method} is not a challenge method of this file`, didYouMean(method, methods)));
      }
    }
    for (const currency of Object.keys(channel.staticLimitMinor)) {
      if (currency !== '*' && !isCurrency(currency)) {
        faults.push(
          yaml.fault(['channels', index, 'staticLimitMinor', currency], `${currency} is not a code of ISO 4217`),
        );
      }
    }
  }
  return faults;
}

function twice(file: ChannelsFile, list: 'channels' | 'challengeMethods', yaml: YamlFile): readonly ConfigFault[] {
  const seen = new Set<string>();
  return file[list].flatMap(({ code }, index) => {
    if (!seen.has(code)) {
      seen.add(code);
      return [];
    }
    return [yaml.fault([list, index, 'code'], `${code} stands twice`)];
  });
}
