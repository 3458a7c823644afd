import { TestEnvironment } from 'jest-environment-node';

/** Loads the kit with Node's own loader: jest's cannot load the packages of the service. */
export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.testing = await import('iam/testing');
  }
}
