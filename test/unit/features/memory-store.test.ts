import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { featureCorrectionsSuite } from '../../conformance/feature-corrections-suite.ts';
import { featureStoreSuite } from '../../conformance/feature-store-suite.ts';

featureCorrectionsSuite({
  name: 'corrections in the in-process feature store',
  open: async (catalogue) => createMemoryFeatureStore({ catalogue }),
});

featureStoreSuite({
  name: 'the in-process feature store',
  open: async (catalogue) => createMemoryFeatureStore({ catalogue }),
});
