import { createMemoryAlertStore } from '../../../src/alerts/memory-alert-store.ts';
import { alertStoreSuite } from '../../conformance/alert-store-suite.ts';

alertStoreSuite('the memory store', async (clock) => ({
  store: createMemoryAlertStore({ clock }),
  remove: async () => undefined,
}));
