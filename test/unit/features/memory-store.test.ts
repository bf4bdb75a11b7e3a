import { createMemoryFeatureStore } from '../../../src/features/memory-feature-store.ts';
import { featureStoreSuite } from '../../conformance/feature-store-suite.ts';

featureStoreSuite({
  name: 'the in-process feature store',
  open: async (catalogue) => createMemoryFeatureStore({ catalogue }),
});
